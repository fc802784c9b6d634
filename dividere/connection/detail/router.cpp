#include "router.hpp"

namespace dividere::detail {

void setUpRouter(Socket& socket) {
  socket.set(ZMQ_ROUTER_MANDATORY, 1);
  socket.set(ZMQ_ROUTER_HANDOVER, 1);
}

std::unique_ptr<Socket> makeRouter(const char* who, std::uint16_t port, const connection::SocketOptions& options,
                                   std::string_view routingId) {
  auto router = std::make_unique<Socket>(who, ZMQ_ROUTER, options);
  setUpRouter(*router);
  if (!routingId.empty()) router->set(ZMQ_ROUTING_ID, routingId.data(), routingId.size());
  router->bind(everyInterface(port));
  return router;
}

}  // namespace dividere::detail
