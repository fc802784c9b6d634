// A Proxy whose back end worker processes connect to, without a word about keys: DIVIDERE_KEYS has.
// It prints its front port once they are there, and ends when it is killed.

#include <unistd.h>

#include <dividere.hpp>
#include <iostream>
#include <string>

#include "golden.pb.h"

int main() {
  try {
    const dividere::connection::Proxy proxy(0, 0);
    const std::string back = "tcp://127.0.0.1:" + std::to_string(proxy.backPort());
    const dividere::reactor::MpMsgReactor workers(2, [back](dividere::reactor::MtMsgReactor& reactor) {
      reactor.add(dividere::messaging::Response(back)).on([](const Msg01& message) {
        Msg02 reply;
        reply.set_field1(message.field1());
        reply.set_field2(::getpid());
        return reply;
      });
    });
    if (!workers.waitForWorkers(2, std::chrono::seconds(60))) std::cout << "no workers" << std::endl;
    std::cout << proxy.frontPort() << std::endl;
    for (;;) ::pause();
  } catch (const dividere::Error& error) {
    std::cout << error.what() << std::endl;
  }
}
