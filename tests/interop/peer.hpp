#pragma once

// Python processes that know nothing of this library: they speak ZeroMQ and protobuf (pyzmq, protobuf) as doc/wire.md says
// the Python package does. One file a role, in peers/.

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <dividere.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/limit.hpp"
#include "support/temp_dir.hpp"

extern char** environ;

namespace interop {

using Words = std::vector<std::string>;

/// The Python that can be used, and what protoc made for it.
class Python {
 public:
  static const Python& get() {
    static const Python python;
    return python;
  }

  /// Empty: all is there. Otherwise what is missing.
  const std::string& missing() const { return missing_; }
  const std::string& interpreter() const { return interpreter_; }
  std::string generated() const { return directory_.path("generated"); }
  std::string cache() const { return directory_.path("cache"); }

 private:
  // Not simply `python3`: that may be one of the user's own making, while the packages belong to the system's.
  Python() {
    for (const char* candidate : {"/usr/bin/python3", "python3"}) {
      if (!interpreter_.empty()) break;
      if (runs(std::string(candidate) + " -c 'import zmq, google.protobuf'")) interpreter_ = candidate;
    }
    if (interpreter_.empty()) {
      missing_ = "no python3 has the modules zmq and google.protobuf (apt-get install python3-zmq python3-protobuf)";
      return;
    }
    const std::string tests = DIVIDERE_TEST_SOURCE_DIR;
    const std::string protoc = "mkdir -p " + generated() + " && protoc --python_out=" + generated();
    const auto in = [](const std::string& folder) { return " -I" + folder + " " + folder + "/*.proto"; };
    if (!runs(protoc + in(tests + "/proto")) || !runs(protoc + in(tests + "/../proto")) ||
        !runs(protoc + in(tests + "/interop/newer")) || !runs(protoc + in(tests + "/interop/published"))) {
      missing_ = "there is no protoc to make Python modules (apt-get install protobuf-compiler)";
    } else if (!runs("cd " + generated() + " && PYTHONPATH=. " + interpreter_ +
                     " -c 'import golden_pb2, zmq; golden_pb2.Msg01().SerializeToString()'")) {
      missing_ = "python3's protobuf does not load what protoc has made: their versions do not fit";
    }
  }

  static bool runs(const std::string& command) { return std::system((command + " 2> /dev/null").c_str()) == 0; }

  support::TempDir directory_;
  std::string interpreter_;
  std::string missing_;
};

/// Whether the case is to be left out, as there is no Python to talk to: its first line. The matrix says so.
inline bool noPython() { return !Python::get().missing().empty(); }

/// The modules of a peer that knows nothing of what this library has added to the framework's messages.
constexpr const char* kPublished = "published_pb2 golden_pb2";

/// A process that plays a role: a verb and its arguments go in, words come out. Killed at the end.
class Peer {
 public:
  /// Knows the messages of these modules of protoc.
  explicit Peer(const std::string& role, const Words& arguments = {},
                const std::string& modules = "dividere_pb2 golden_pb2 names_pb2 packaged_pb2 required_pb2") {
    const Python& python = Python::get();
    Words words = {python.interpreter(), DIVIDERE_TEST_SOURCE_DIR "/interop/peers/" + role + ".py"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    Words variables = {"PEER_MODULES=" + modules, "PYTHONPATH=" + python.generated(),
                       "PYTHONPYCACHEPREFIX=" + python.cache()};
    for (char** variable = environ; *variable; ++variable) {
      if (std::strncmp(*variable, "PYTHON", 6) != 0) variables.emplace_back(*variable);
    }
    start(std::move(words), std::move(variables));
  }
  ~Peer() {
    ::kill(pid_, SIGKILL);
    ::close(fd_);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Where its socket, or the one of that number, is bound.
  std::string endpoint(std::size_t socket = 0) const { return "tcp://localhost:" + port(socket); }
  const std::string& port(std::size_t socket = 0) const { return ports_.at(socket); }

  /// Sends a verb and its arguments.
  void tell(const Words& words) {
    std::string line;
    for (const std::string& word : words) line += (line.empty() ? "" : "\t") + word;
    line += '\n';
    for (std::size_t sent = 0; sent < line.size();) {
      const auto count = ::send(fd_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) throw std::runtime_error("the peer has ended");
      sent += static_cast<std::size_t>(count);
    }
  }

  /// What it says next. Throws if it ends, or says nothing.
  Words hear() {
    std::size_t end;
    while ((end = heard_.find('\n')) == std::string::npos) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, static_cast<int>(support::kLimit.count())) <= 0)
        throw std::runtime_error("the peer is silent");
      char bytes[65536];
      const auto count = ::read(fd_, bytes, sizeof bytes);
      if (count <= 0) throw std::runtime_error("the peer has ended");
      heard_.append(bytes, static_cast<std::size_t>(count));
    }
    Words words(1);
    for (const char c : heard_.substr(0, end)) {
      if (c == '\t') {
        words.emplace_back();
      } else {
        words.back() += c;
      }
    }
    heard_.erase(0, end + 1);
    return words;
  }

  Words ask(const Words& words) {
    tell(words);
    return hear();
  }

  /// What it says next that begins with this word, of a peer that says what happens to it.
  Words hearUntil(const std::string& first) {
    Words words;
    while ((words = hear())[0] != first) {
    }
    return words;
  }

 protected:
  Peer() = default;

  /// Runs the program of the first of these words, with the others as its arguments.
  void start(Words words, Words variables) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const int error =
        ::posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, pointers(words).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    fd_ = ends[0];
    if (error != 0) throw std::runtime_error(words[0] + ": " + std::strerror(error));
    const Words ready = hear();
    if (ready.empty() || ready[0] != "ready") throw std::runtime_error("the peer did not start well");
    for (std::size_t i = 1; i < ready.size(); ++i) ports_.push_back(ready[i]);
  }

 private:
  static std::vector<char*> pointers(Words& words) {
    std::vector<char*> all;
    for (std::string& word : words) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
  }

  pid_t pid_ = 0;
  int fd_ = -1;
  Words ports_;
  std::string heard_;
};

/// A process of the program that is built with the header of 0.1 (former/former_peer.cpp).
class FormerPeer : public Peer {
 public:
  /// It is built where the repository's history is there to take that header from.
  static bool isThere() { return ::access(kProgram, X_OK) == 0; }

  explicit FormerPeer(Words arguments) {
    arguments.insert(arguments.begin(), kProgram);
    Words variables;
    for (char** variable = environ; *variable; ++variable) variables.emplace_back(*variable);
    start(std::move(arguments), std::move(variables));
  }

 private:
  static constexpr const char* kProgram = DIVIDERE_TEST_PROCESS_DIR "/former_peer";
};

/// Where a Python registry is.
inline dividere::registry::Location locationOf(const Peer& registry) {
  const auto port = [&](std::size_t socket) { return static_cast<std::uint16_t>(std::stoi(registry.port(socket))); };
  return {"localhost", port(0), port(1)};
}

}  // namespace interop
