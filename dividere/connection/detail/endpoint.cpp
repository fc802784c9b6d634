#include "endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "../../core/error.hpp"

namespace dividere::detail {

constexpr std::size_t kLongestIpcPath = sizeof(sockaddr_un::sun_path) - 1;

/// One attempt to understand an endpoint; every complaint goes through fail().
class EndpointParser {
 public:
  EndpointParser(const std::string& who, const std::string& text, bool bind) : who_(who), text_(text), bind_(bind) {}

  Endpoint parse() {
    if (text_.empty()) fail("it is empty");
    if (std::any_of(text_.begin(), text_.end(), isSpaceOrControl)) fail("it has a space or control character");
    const auto colon = text_.find("://");
    if (colon == std::string::npos) fail("it has no transport: write tcp://host:port, ipc://path or inproc://name");
    const std::string transport = text_.substr(0, colon);
    const std::string rest = text_.substr(colon + 3);
    if (transport == "tcp") return tcp(rest);
    if (transport == "ipc") return ipc(rest);
    if (transport == "inproc") return inproc(rest);
    fail("transport '" + transport + "' is not supported: use tcp, ipc or inproc");
  }

 private:
  static bool isSpaceOrControl(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; }

  Endpoint tcp(const std::string& rest) {
    const auto colon = rest.rfind(':');
    if (colon == std::string::npos || rest.find(']', colon) != std::string::npos) {
      fail("it has no port: write tcp://" + (rest.empty() ? "host" : rest) + ":port");
    }
    Endpoint endpoint{Transport::tcp, rest.substr(0, colon)};
    checkHost(endpoint);
    setPort(endpoint, rest.substr(colon + 1));
    return endpoint;
  }

  void checkBrackets(const std::string& host) {
    if (host.back() != ']' || host.size() < 3) fail("host '" + host + "' lacks its closing bracket");
    if (host.find_first_of("/*[]", 1) != host.size() - 1) fail("host '" + host + "' cannot be a host");
  }

  void checkHost(Endpoint& endpoint) {
    std::string& host = endpoint.address;
    if (host.empty()) fail("it has no host");
    if (host == "*") {
      if (!bind_) fail("host '*' means every interface, and cannot be connected to: name one, such as localhost");
      return;
    }
    if (host.front() == '[') {
      checkBrackets(host);
      endpoint.ipv6 = true;
      return;
    }
    if (host.find(':') != std::string::npos) fail("host '" + host + "' has a colon: an IPv6 address needs brackets");
    if (host.find_first_of("/*[]") != std::string::npos) fail("host '" + host + "' cannot be a host");
    // libzmq cannot bind to the name (ENODEV), and to connect would look it up again and again in the thread
    // that serves every other socket.
    if (host == "localhost") host = "127.0.0.1";
  }

  void setPort(Endpoint& endpoint, const std::string& port) {
    if (port.empty()) fail("its port is empty");
    if (port == "*" || port == "0") {
      if (!bind_) fail("port '" + port + "' means any free one, and cannot be connected to");
      endpoint.wildcardPort = true;
      return;
    }
    const bool digits = std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits) fail("port '" + port + "' is not a number");
    const unsigned long value = port.size() > 5 ? 65536 : std::stoul(port);
    if (value == 0 || value > 65535) fail("port '" + port + "' is not between 1 and 65535");
    endpoint.port = static_cast<std::uint16_t>(value);
  }

  Endpoint ipc(const std::string& path) {
    if (path.empty()) fail("it has no path");
    if (path == "*" && !bind_) fail("path '*' means a fresh one, and cannot be connected to");
    if (path == "@") fail("its abstract name is empty");
    if (path.size() > kLongestIpcPath) {
      fail("its path has " + std::to_string(path.size()) + " bytes, the system allows " +
           std::to_string(kLongestIpcPath));
    }
    return {Transport::ipc, path};
  }

  Endpoint inproc(const std::string& name) {
    if (name.empty()) fail("it has no name");
    return {Transport::inproc, name};
  }

  static std::string cut(const std::string& text) { return text.size() <= 200 ? text : text.substr(0, 200) + "..."; }

  [[noreturn]] void fail(const std::string& why) {
    std::string shown = cut(text_);
    std::replace_if(shown.begin(), shown.end(), isSpaceOrControl, '?');  // a null byte would end what() here
    throw Error(Errc::badEndpoint, who_ + ": " + (bind_ ? "bind '" : "connect '") + shown + "': " + cut(why));
  }

  const std::string& who_;
  const std::string& text_;
  bool bind_;
};

std::string Endpoint::str() const {
  switch (transport) {
    case Transport::tcp: return "tcp://" + address + ":" + (wildcardPort ? "*" : std::to_string(port));
    case Transport::ipc: return "ipc://" + address;
    case Transport::inproc: break;
  }
  return "inproc://" + address;
}

Endpoint parseEndpoint(const std::string& who, const std::string& text, bool bind) {
  return EndpointParser(who, text, bind).parse();
}

/// Whether a host, as in an endpoint, is the address of every interface.
static bool isAnyAddress(std::string_view host) {
  const bool isIpv6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string text(isIpv6 ? host.substr(1, host.size() - 2) : host);
  unsigned char address[sizeof(in6_addr)] = {};
  if (::inet_pton(isIpv6 ? AF_INET6 : AF_INET, text.c_str(), address) != 1) return false;
  return std::all_of(std::begin(address), std::end(address), [](unsigned char byte) { return byte == 0; });
}

bool hasWildcard(std::string_view text) {
  constexpr std::string_view kTcp = "tcp://";
  if (text.substr(0, 9) == "inproc://") return false;
  if (text.find('*') != std::string_view::npos) return true;
  const auto colon = text.rfind(':');
  return text.substr(0, kTcp.size()) == kTcp && colon > kTcp.size() &&
         isAnyAddress(text.substr(kTcp.size(), colon - kTcp.size()));
}

std::string everyInterface(std::uint16_t port) { return "tcp://*:" + (port == 0 ? "*" : std::to_string(port)); }

void checkIpcPathIsFree(const std::string& who, const Endpoint& endpoint) {
  const std::string& path = endpoint.address;
  if (path == "*" || path.front() == '@') return;
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) return;
  const std::string where = who + ": bind " + endpoint.str();
  if (!S_ISSOCK(status.st_mode)) {
    throw Error(Errc::badEndpoint, where + ": a file that is not a socket is there, and is not overwritten");
  }
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) throw Error({errno, std::generic_category()}, where);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int result = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool someoneListens = result == 0 || errno == EAGAIN;  // EAGAIN: their backlog is full
  ::close(probe);
  if (someoneListens) throw Error(std::make_error_code(std::errc::address_in_use), where);
}

}  // namespace dividere::detail
