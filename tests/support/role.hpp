#pragma once

// This program in another role: processes that are killed and paused.

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

namespace support {

/// A process of this program in another role, as its arguments say: what it prints is read here.
class Role {
 public:
  explicit Role(std::vector<std::string> arguments) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    arguments.insert(arguments.begin(), program_invocation_short_name);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const int error = ::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    output_ = ::fdopen(ends[0], "r");
    if (error != 0 || !output_) throw std::runtime_error("a process cannot be started");
  }
  ~Role() {
    kill();
    ::waitpid(pid_, nullptr, 0);
    std::fclose(output_);
  }
  Role(const Role&) = delete;
  Role& operator=(const Role&) = delete;

  void kill() { ::kill(pid_, SIGKILL); }
  void pause() { ::kill(pid_, SIGSTOP); }
  void resume() { ::kill(pid_, SIGCONT); }

  std::string line() {
    char text[64];
    if (!std::fgets(text, sizeof text, output_)) throw std::runtime_error("a process has ended before its time");
    return std::string(text, std::string(text).find('\n'));
  }

 private:
  pid_t pid_ = 0;
  std::FILE* output_ = nullptr;
};

}  // namespace support
