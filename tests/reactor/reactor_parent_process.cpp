// A parent of worker processes, for a test to kill. Each worker says so on stdout, which it inherits.

#include <unistd.h>

#include <cstdio>
#include <dividere.hpp>
#include <string>

#include "golden.pb.h"

using dividere::reactor::MpMsgReactor;
using dividere::reactor::MtMsgReactor;

namespace {

void sayWorker() {
  if (::write(STDOUT_FILENO, "worker\n", 7) != 7) ::_exit(1);
}

[[noreturn]] void goOnForEver() {
  for (;;) ::pause();
}

/// Prints the last words of a process that has workers, and ends well.
int printOnce() {
  std::printf("said once\n");
  MpMsgReactor workers(3, [](MtMsgReactor&) {});
  workers.waitForWorkers(3, std::chrono::minutes(1));
  workers.stop();
  return 0;
}

}  // namespace

int main(int, char** argv) {
  const std::string mode = argv[1];
  if (mode == "unprinted") return printOnce();
  MpMsgReactor workers(4, [&](MtMsgReactor& reactor) {
    if (mode == "setup") {
      sayWorker();
      goOnForEver();
    }
    reactor.add(dividere::messaging::Response("tcp://127.0.0.1:*"));
    reactor.post([&] {
      sayWorker();
      if (mode == "stuck") goOnForEver();
    });
    if (mode == "busy")
      reactor.every(std::chrono::milliseconds(1), [] { static_cast<void>(Msg01().SerializeAsString()); });
  });
  goOnForEver();
}
