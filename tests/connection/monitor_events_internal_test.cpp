// Reading libzmq's monitor, and what is left of it when something goes wrong.
#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere/connection/detail/monitor_events.hpp>
#include <dividere/core/error.hpp>

#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include "support/limit.hpp"
#include "support/thrown.hpp"

using namespace support;
using dividere::connection::EventType;
using dividere::connection::SocketEvent;
using dividere::detail::MonitorEvents;

namespace {

/// Whether the context ends, which it does not while anything of it is open.
bool ends(void* context) {
  std::packaged_task<int()> end([context] { return zmq_ctx_term(context); });
  auto ended = end.get_future();
  std::thread(std::move(end)).detach();
  return ended.wait_for(kLimit) == std::future_status::ready && ended.get() == 0;
}

}  // namespace

TEST_CASE("a socket whose monitoring is ended while it has a reader can be closed, and its context ended") {
  void* const context = zmq_ctx_new();
  void* const socket = zmq_socket(context, ZMQ_REP);
  {
    MonitorEvents events(context, socket, "who");
    REQUIRE(zmq_bind(socket, "tcp://127.0.0.1:*") == 0);
    MonitorEvents::stop(socket);
    SocketEvent event{};
    REQUIRE(events.read(event) == MonitorEvents::Reading::event);
    CHECK(event.type == EventType::listening);
    REQUIRE(events.read(event) == MonitorEvents::Reading::event);
    CHECK(event.type == EventType::monitorStopped);
    CHECK(events.read(event) == MonitorEvents::Reading::nothing);
  }
  zmq_close(socket);
  CHECK(ends(context));
}

TEST_CASE("monitoring that cannot be started is an error that leaves nothing open") {
  void* const context = zmq_ctx_new();
  CHECK(codeOf([&] { MonitorEvents(context, nullptr, "who"); }) == std::errc::not_a_socket);
  CHECK(ends(context));
}

TEST_CASE("a context that ends is told of, so that its reader is let go of") {
  void* const context = zmq_ctx_new();
  void* const socket = zmq_socket(context, ZMQ_REP);
  {
    MonitorEvents events(context, socket, "who");
    zmq_ctx_shutdown(context);
    SocketEvent event{};
    CHECK(events.read(event) == MonitorEvents::Reading::contextEnds);
  }
  zmq_close(socket);
  CHECK(ends(context));
}
