// Opens sockets of one kind until there are no descriptors left, under every limit from 6 to 28, each in a process of
// its own. Prints what goes wrong. Usage: descriptors_process <kind>
#include <dividere.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

using namespace dividere::connection;

namespace {

template <class Socket, class... Arguments>
void openMany(const Arguments&... arguments) {
  std::vector<Socket> sockets;
  for (;;) sockets.emplace_back(arguments...);
}

void openUntilError(const std::string& kind) {
  if (kind == "publisher") openMany<Publisher>("tcp://127.0.0.1:*");
  if (kind == "subscriber") openMany<Subscriber>("tcp://127.0.0.1:9");
  if (kind == "request") openMany<Request>("ipc:///tmp/nobody-is-here");
  if (kind == "proxy") openMany<Proxy>(std::uint16_t{0}, std::uint16_t{0});
  std::vector<Publisher> publishers;
  std::vector<std::shared_ptr<Context>> contexts;
  const std::string unique = std::to_string(::getpid()) + "-";
  for (int i = 0;; ++i) {
    if (kind == "ipc-publisher") publishers.emplace_back("ipc://@dividere-" + unique + std::to_string(i));
    if (kind == "inproc-publisher") publishers.emplace_back("inproc://" + unique + std::to_string(i));
    if (kind == "context") {
      SocketOptions options;
      options.context = std::make_shared<Context>();
      publishers.emplace_back("tcp://127.0.0.1:*", options);
    }
  }
}

int runUnder(rlim_t limit, const std::string& kind) {
  const rlimit both{limit, limit};
  ::setrlimit(RLIMIT_NOFILE, &both);
  ::alarm(30);
  try {
    openUntilError(kind);
  } catch (const dividere::Error& error) {
    if (error.code() == std::errc::too_many_files_open) return 0;
    std::printf("limit %d: %s\n", static_cast<int>(limit), error.what());
  }
  return 1;
}

}  // namespace

int main(int, char** argv) {
  int failed = 0;
  for (rlim_t limit = 6; limit <= 28; ++limit) {
    const pid_t child = ::fork();
    if (child == 0) {
      const int status = runUnder(limit, argv[1]);
      std::fflush(stdout);
      ::_exit(status);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status == 0) continue;
    std::printf("limit %d: status %x\n", static_cast<int>(limit), static_cast<unsigned>(status));
    failed = 1;
  }
  return failed;
}
