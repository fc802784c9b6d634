#include "socket_defaults.hpp"

#include <algorithm>
#include <limits>

#include "../../core/detail/options.hpp"

namespace dividere::detail {

int asOption(std::chrono::milliseconds time) {
  if (time.count() < 0) return -1;
  return static_cast<int>(std::min<std::chrono::milliseconds::rep>(time.count(), std::numeric_limits<int>::max()));
}

std::chrono::milliseconds lingerOf(int type, const connection::SocketOptions& options) {
  const bool isReceiverOnly = type == ZMQ_SUB;
  return options.linger.value_or(std::chrono::milliseconds(isReceiverOnly ? 0 : 1000));
}

void applyDefaults(NativeSocket& socket, int type, const connection::SocketOptions& options) {
  socket.set(ZMQ_LINGER, asOption(lingerOf(type, options)));
  socket.set(ZMQ_SNDHWM, options.sendQueue);
  socket.set(ZMQ_RCVHWM, options.receiveQueue);
  socket.set(ZMQ_MAXMSGSIZE, &options.maxMessageBytes, sizeof options.maxMessageBytes);
  socket.set(ZMQ_HANDSHAKE_IVL, 10000);
  socket.set(ZMQ_BACKLOG, 1024);
  socket.set(ZMQ_RECONNECT_IVL, asOption(options.reconnect));
  socket.set(ZMQ_RECONNECT_IVL_MAX, asOption(options.reconnectMax));
  // Dead peers are found by TCP: ZeroMQ's own heartbeats abort the process when a consumer is slow.
  socket.set(ZMQ_TCP_KEEPALIVE, 1);
  socket.set(ZMQ_TCP_KEEPALIVE_IDLE, 10);
  socket.set(ZMQ_TCP_KEEPALIVE_INTVL, 3);
  socket.set(ZMQ_TCP_KEEPALIVE_CNT, 3);
  if (options.kernelSendBuffer > 0) socket.set(ZMQ_SNDBUF, options.kernelSendBuffer);
  if (options.kernelReceiveBuffer > 0) socket.set(ZMQ_RCVBUF, options.kernelReceiveBuffer);
  // With any domain set, peers that speak no ZMTP 3 are refused: without, seven bytes of junk are a message
  // and an HTTP request is a subscriber.
  socket.set(ZMQ_ZAP_DOMAIN, "dividere", 8);
}

void refuseConflation(NativeSocket& socket, int type) {
  if (socket.get(ZMQ_CONFLATE) == 0) return;
  requireOption(type != ZMQ_SUB, socket.className(),
                "ZMQ_CONFLATE keeps one subscription alone, so nothing would arrive; use SubscriberOptions::latest");
  requireOption(type != ZMQ_DEALER, socket.className(), "ZMQ_CONFLATE keeps the last frame of a message alone");
  requireOption(false, socket.className(),
                "ZMQ_CONFLATE has no effect here; use SubscriberOptions::latest where messages are read");
}

}  // namespace dividere::detail
