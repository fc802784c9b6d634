#include "entry_rules.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "../../connection/detail/endpoint.hpp"
#include "../../core/detail/text.hpp"
#include "../../core/error.hpp"
#include "../../messaging/detail/framework_messages.hpp"
#include "own_address.hpp"

namespace dividere::detail {

constexpr std::string_view kIpv4Characters = "0123456789.";

static std::string lengthFault(std::string_view text, std::size_t longest) {
  if (text.empty()) return " is empty";
  if (text.size() <= longest) return {};
  return " has " + std::to_string(text.size()) + " bytes, more than " + std::to_string(longest);
}

static std::string faultInWord(const std::string& what, std::string_view word, std::size_t longest) {
  const std::string fault = lengthFault(word, longest);
  if (!fault.empty()) return what + fault;
  const auto isControl = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
  if (std::any_of(word.begin(), word.end(), isControl)) return what + " '" + shown(word) + "' has a control character";
  if (asUtf8(word) != word) return what + " '" + shown(word) + "' is not UTF-8";
  return {};
}

std::string faultInServiceName(std::string_view name) { return faultInWord("name", name, kLongestServiceName); }

std::string faultInKind(std::string_view kind) {
  return kind.empty() ? std::string() : faultInWord("kind", kind, kLongestKind);
}

std::string faultInPublicKey(std::string_view key) {
  return key.empty() || key.size() <= kLongestPublicKey ? std::string()
                                                        : "public key" + lengthFault(key, kLongestPublicKey);
}

static bool isLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// An underscore is in no host's name, but in those of containers.
static bool isLabel(std::string_view label) {
  constexpr std::size_t kLongestLabel = 63;
  if (label.empty() || label.size() > kLongestLabel || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return isLetterOrDigit(c) || c == '-' || c == '_'; });
}

static bool isHostName(std::string_view host) {
  if (host.back() == '.') host.remove_suffix(1);  // as the DNS writes a name that is complete
  for (;;) {
    const auto dot = host.find('.');
    if (!isLabel(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

static bool isAddressOf(int family, std::string_view characters, std::string_view text) {
  in6_addr address;                                                       // room for either
  return text.find_first_not_of(characters) == std::string_view::npos &&  // a null byte would end it for inet_pton()
         ::inet_pton(family, std::string(text).c_str(), &address) == 1;
}

/// With its brackets or without; with a zone ("%eth0") or without.
static bool isIpv6(std::string_view host) {
  if (host.front() == '[') {
    if (host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
  }
  const auto percent = host.find('%');
  if (percent != std::string_view::npos) {
    if (!isLabel(host.substr(percent + 1))) return false;
    host = host.substr(0, percent);
  }
  return isAddressOf(AF_INET6, "0123456789abcdefABCDEF:.", host);
}

std::string faultInHost(std::string_view host) {
  const std::string fault = lengthFault(host, kLongestHost);
  if (!fault.empty()) return "host" + fault;
  // A look-up would tell of a service on that host in the words for "there is none".
  if (host == ServiceLookupRep::kUnavailable) return "host 'unavailable' means that there is none";
  const bool isGood = host.find(':') != std::string_view::npos ? isIpv6(host)
                      // Digits and dots are an address or nothing: resolvers differ in what they take "1.2.3" for.
                      : host.find_first_not_of(kIpv4Characters) == std::string_view::npos
                          ? isAddressOf(AF_INET, kIpv4Characters, host)
                          : isHostName(host);
  if (isGood && hasWildcard(tcpEndpoint(std::string(host), 1))) {
    return "host '" + shown(host) + "' means every interface, and is nobody's address";
  }
  if (isGood) return {};
  return "host '" + shown(host) + "' is no host name and no address";
}

std::string faultInPort(std::uint32_t port) {
  return port >= 1 && port <= 65535 ? std::string() : "port " + std::to_string(port) + " is not between 1 and 65535";
}

[[noreturn]] static void failEntry(std::string_view who, const std::string& fault) {
  throw Error(std::make_error_code(std::errc::invalid_argument), std::string(who) + ": " + fault);
}

void requireServiceName(std::string_view who, std::string_view name) {
  const std::string fault = faultInServiceName(name);
  if (!fault.empty()) failEntry(who, "the " + fault);
}

void requireKind(std::string_view who, std::string_view kind) {
  const std::string fault = faultInKind(kind);
  if (!fault.empty()) failEntry(who, "the " + fault);
}

void requirePort(std::string_view who, std::uint32_t port) {
  const std::string fault = faultInPort(port);
  if (!fault.empty()) failEntry(who, "the " + fault);
}

void requireHost(std::string_view who, std::string_view option, std::string_view host) {
  const std::string fault = faultInHost(host);
  if (!fault.empty()) failEntry(who, std::string(option) + ": the " + fault);
}

}  // namespace dividere::detail
