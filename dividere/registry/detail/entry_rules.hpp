#pragma once

// What a service may be called and where it may be: held to by the registry, and by whoever asks it.

#include <cstdint>
#include <string>
#include <string_view>

namespace dividere::detail {

/// In bytes. Room for any class with its namespaces; a file's name has the same bound.
constexpr std::size_t kLongestServiceName = 255;

/// In bytes. No host name is longer, by the rules of the DNS, and no address.
constexpr std::size_t kLongestHost = 253;

/// In bytes.
constexpr std::size_t kLongestKind = 64;
constexpr std::size_t kLongestPublicKey = 64;

// What is wrong with it, in words that go after "the"; empty if nothing is.

/// A name is printable UTF-8: not empty, not too long, no control characters.
std::string faultInServiceName(std::string_view name);

/// A host is a host name or an IP address, as text. A name is not resolved here, and may not exist.
std::string faultInHost(std::string_view host);

std::string faultInPort(std::uint32_t port);

/// A kind is empty or a word: printable UTF-8 of at most 64 bytes.
std::string faultInKind(std::string_view kind);

/// A public key has any bytes, at most 64.
std::string faultInPublicKey(std::string_view key);

/// Throw std::errc::invalid_argument, which names `who` and says what is wrong. `option` is what the host was given as.
void requireServiceName(std::string_view who, std::string_view name);
void requireKind(std::string_view who, std::string_view kind);
void requirePort(std::string_view who, std::uint32_t port);
void requireHost(std::string_view who, std::string_view option, std::string_view host);

}  // namespace dividere::detail
