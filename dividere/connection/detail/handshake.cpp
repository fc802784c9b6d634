#include "handshake.hpp"

#include <zmq.h>

#include <cerrno>

namespace dividere::detail {

// Less than 300: an errno. After a time limit it is of what was tried last, in vain, to be read.
static HandshakeFault ofConnection(std::uint32_t value) {
  if (value >= 300) return HandshakeFault::misfit;
  return value == EAGAIN ? HandshakeFault::silent : HandshakeFault::ended;
}

static HandshakeFault handshakeFaultOfHost(std::uint32_t value, bool isSecured) {
  switch (value) {
    case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: return HandshakeFault::peerHasWrongKey;
    case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
      return isSecured ? HandshakeFault::peerIsPlain : HandshakeFault::peerIsSecured;
    case 300:
    case 400:
    case 500: return HandshakeFault::peerRefused;
    case EFAULT: return HandshakeFault::noGate;
    default: return ofConnection(value);
  }
}

// A host that is asked for with another key than it has closes the connection without a word.
static HandshakeFault handshakeFaultOfClient(std::uint32_t value, bool isSecured) {
  switch (value) {
    case 300:
    case 400:
    case 500: return HandshakeFault::refused;
    case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH:
      return isSecured ? HandshakeFault::hostIsPlain : HandshakeFault::hostIsSecured;
    case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: return HandshakeFault::wrongHostKey;
    case EPIPE:
    case ECONNRESET: return isSecured ? HandshakeFault::wrongHostKey : HandshakeFault::ended;
    default: return ofConnection(value);
  }
}

HandshakeFault handshakeFault(std::uint32_t value, bool isHost, bool isSecured) {
  return isHost ? handshakeFaultOfHost(value, isSecured) : handshakeFaultOfClient(value, isSecured);
}

std::string_view words(HandshakeFault fault) {
  switch (fault) {
    case HandshakeFault::none: return "";
    case HandshakeFault::refused: return "unauthorized: the host does not let this program's key in";
    case HandshakeFault::wrongHostKey:
      return "the host has another key than the one that is expected there, or does not use CURVE";
    case HandshakeFault::hostIsPlain: return "the host is not secured, and this program is";
    case HandshakeFault::hostIsSecured: return "the host is secured, and this program is not (dividere::secure)";
    case HandshakeFault::peerRefused: return "unauthorized: the peer's key is not let in";
    case HandshakeFault::peerHasWrongKey: return "the peer expects another key here than this host has";
    case HandshakeFault::peerIsPlain: return "the peer is not secured, and this host is";
    case HandshakeFault::peerIsSecured: return "the peer is secured, and this host is not (dividere::secure)";
    case HandshakeFault::noGate: return "nobody is there to check the peer's key";
    case HandshakeFault::ended: return "the peer ended the connection before it was ready";
    case HandshakeFault::silent: return "the peer did not say in time what a ZeroMQ socket says first";
    case HandshakeFault::misfit: return "the peer does not speak ZeroMQ, or is of a kind that does not fit";
  }
  return "";
}

bool isAboutKeys(HandshakeFault fault) {
  return fault != HandshakeFault::none && fault != HandshakeFault::ended && fault != HandshakeFault::silent &&
         fault != HandshakeFault::misfit;
}

}  // namespace dividere::detail
