#pragma once

// Second processes: a fork of this one, or a program started afresh.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "limit.hpp"

extern char** environ;

namespace support {

#if defined(__has_feature)
#define DIVIDERE_TEST_HAS(feature) __has_feature(feature)
#else
#define DIVIDERE_TEST_HAS(feature) 0
#endif

#if defined(DIVIDERE_THREAD_SANITIZER) || DIVIDERE_TEST_HAS(thread_sanitizer)
constexpr bool kCanFork = false;  // this sanitizer lets no child of a process with threads start threads
#else
constexpr bool kCanFork = true;
#endif

#if defined(__SANITIZE_ADDRESS__) || DIVIDERE_TEST_HAS(address_sanitizer)
// The allocator of gcc 12's and clang 14's sanitizer is not fit for it: a child inherits its locks as they were, and hangs.
constexpr bool kCanForkAmidAllocations = false;
#else
constexpr bool kCanForkAmidAllocations = kCanFork;
#endif

/// CHECK for use in a child, whose doctest nobody asks.
inline void expect(bool met, const std::string& what) {
  if (!met) throw std::runtime_error("not so: " + what);
}

inline std::string readAll(int fd) {
  std::string text;
  char bytes[4096];
  for (;;) {
    const auto count = ::read(fd, bytes, sizeof bytes);
    if (count > 0) text.append(bytes, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR)) return text;
  }
}

inline int exitStatus(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// A fork() of this process that runs `body`; killed if it takes too long.
class Fork {
 public:
  explicit Fork(const std::function<void()>& body) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      run(body, ends[1]);
    }
    ::close(ends[1]);
    report_ = ends[0];
  }
  ~Fork() { report(); }
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;

  /// Waits for its end: empty if all went well, otherwise what did not.
  std::string report() {
    if (report_ < 0) return result_;
    result_ = readAll(std::exchange(report_, -1));
    const int status = exitStatus(pid_);
    if (status != 0 && result_.empty()) result_ = "ended with status " + std::to_string(status);
    return result_;
  }

 private:
  [[noreturn]] static void run(const std::function<void()>& body, int report) {
    ::alarm(static_cast<unsigned>(kLimit.count() / 1000));
    std::string failure;
    try {
      body();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    const auto written = ::write(report, failure.data(), failure.size());
    ::_exit(failure.empty() && written == 0 ? 0 : 1);
  }

  pid_t pid_ = 0;
  int report_ = -1;
  std::string result_;
};

inline std::string inFork(const std::function<void()>& body) { return Fork(body).report(); }

/// One of the programs tests/<layer>/<name>_process.cpp, or one that is named by its path.
class Program {
 public:
  /// `environment`: further variables, as in "NAME=value".
  explicit Program(const std::string& name, const std::vector<std::string>& arguments = {},
                   const std::vector<std::string>& environment = {}) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    const bool isPath = name.find('/') != std::string::npos;
    const std::string path = isPath ? name : std::string(DIVIDERE_TEST_PROCESS_DIR) + "/" + name + "_process";
    std::vector<char*> argv{const_cast<char*>(path.c_str())};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> variables;
    for (const auto& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
    for (char** variable = environ; *variable; ++variable) variables.push_back(*variable);
    variables.push_back(nullptr);
    const int error = ::posix_spawn(&pid_, path.c_str(), &actions, nullptr, argv.data(), variables.data());
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ends[0];
    if (error != 0) throw std::runtime_error(path + ": " + std::strerror(error));
  }
  ~Program() {
    if (output_ >= 0) ::close(output_);
    if (!ended_) ::kill(pid_, SIGKILL), exitStatus(pid_);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// The next line it prints, without its end; empty when it has ended.
  std::string line() {
    std::string text;
    char byte;
    for (;;) {
      const auto count = ::read(output_, &byte, 1);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0 || byte == '\n') return text;
      text += byte;
    }
  }

  /// All (that is left) of what it prints, until it ends.
  std::string output() { return readAll(output_); }

  /// Waits for its end; 128 and more: the signal that killed it.
  int status() {
    ended_ = true;
    return exitStatus(pid_);
  }

  void kill() { signal(SIGKILL); }
  void signal(int number) { ::kill(pid_, number); }

 private:
  pid_t pid_ = 0;
  int output_ = -1;
  bool ended_ = false;
};

}  // namespace support
