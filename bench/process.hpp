#pragma once

// Benchmarks of two processes and more: a program starts itself again in another role, and talks to it in lines.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "measure.hpp"

extern char** environ;

namespace bench {

using Arguments = std::vector<std::string>;

// --- The side that starts ---

/// This program once more, in one of the roles given to run(). Killed when this object ends.
class Child {
 public:
  explicit Child(Arguments roleAndArguments) {
    int to[2], from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    roleAndArguments.insert(roleAndArguments.begin(), {"bench", "--role"});
    std::vector<char*> argv;
    for (auto& argument : roleAndArguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int error = ::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    input_ = to[1];
    output_ = ::fdopen(from[0], "r");
    if (error != 0) throw std::runtime_error("a child process cannot be started");
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::close(input_);
    std::fclose(output_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// The next line it tells.
  std::string line() {
    std::string text;
    for (int c; (c = std::fgetc(output_)) != '\n'; text += static_cast<char>(c)) {
      if (c == EOF) throw std::runtime_error("a child process has ended before its time");
    }
    return text;
  }

  double number() { return std::stod(line()); }

  void say(const std::string& text) {
    const std::string line = text + "\n";
    if (::write(input_, line.data(), line.size()) < 0) throw std::runtime_error("a child process is gone");
  }

  /// Says it, and returns the reply.
  std::string ask(const std::string& text) {
    say(text);
    return line();
  }

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
  int input_ = -1;
  std::FILE* output_ = nullptr;
};

// --- The side that is started ---

inline void tell(const std::string& text) { std::cout << text << std::endl; }

/// The next line that is said to this process; false once nobody is there.
inline bool heard(std::string& text) { return static_cast<bool>(std::getline(std::cin, text)); }

// --- What a process takes ---

inline std::string ofProcess(const std::string& name, pid_t pid = 0) {
  return "/proc/" + (pid ? std::to_string(pid) : std::string("self")) + "/" + name;
}

inline double entries(const std::string& directory) {
  double count = 0;
  for (auto it = std::filesystem::directory_iterator(directory); it != std::filesystem::directory_iterator(); ++it)
    ++count;
  return count;
}

inline double threads(pid_t pid = 0) { return entries(ofProcess("task", pid)); }
inline double descriptors(pid_t pid = 0) { return entries(ofProcess("fd", pid)); }

/// Resident memory, in KiB.
inline double residentKiB(pid_t pid = 0) {
  std::ifstream statm(ofProcess("statm", pid));
  double size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

// --- Both ---

using Roles = std::map<std::string, std::function<void(const Arguments&)>>;

/// The main() of every benchmark: `measure`, or one of the roles that it starts children in.
inline int run(int argc, char** argv, const Roles& roles, const std::function<void()>& measure) {
  try {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::signal(SIGPIPE, SIG_IGN);

    Arguments arguments(argv + 1, argv + argc);
    if (arguments.size() > 1 && arguments[0] == "--role") {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      roles.at(arguments[1])(Arguments(arguments.begin() + 2, arguments.end()));
      std::_Exit(0);  // children of either kind end alike, with nothing torn down
    }
    for (const std::string& argument : arguments) quick = quick || argument == "--quick";
    measure();
    std::fflush(stdout);
    std::_Exit(0);  // the baseline's context would be waited for
  } catch (const std::exception& error) {
    std::cerr << argv[0] << ": " << error.what() << std::endl;
    return 1;
  }
}

}  // namespace bench
