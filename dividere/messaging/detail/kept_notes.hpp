#pragma once

// What a publisher that keeps messages and a subscriber tell each other about them (doc/wire.md).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dividere::detail {

/// Numbers of one series, both ends included; none if `first` is behind `last`.
struct KeptRange {
  std::string series;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t count = 0;  ///< in a reply: how many of them were sent
};

/// From the publisher, to one subscriber alone.
struct KeptNote {
  std::uint32_t publisher = 0;
  std::uint64_t ask = 0;  ///< which one this is the reply to; 0: this is what the publisher keeps, or a part of that
  std::vector<KeptRange> ranges;  ///< that it keeps, up to the last number given; or that it has replied to in full

  /// For the subscriber of this address.
  std::string serialized(std::string_view address) const;
};

/// Whether the bytes, which begin with a subscriber's address, are such a note. Leaves what readNote() reads.
bool takeNote(std::string_view& bytes, std::size_t addressSize);

/// False if it is malformed.
bool readNote(std::string_view bytes, KeptNote& note);

/// From the subscriber, by subscribing to it as to a topic.
struct KeptAsk {
  std::string id;  ///< the subscriber's, of 16 bytes
  std::uint32_t publisher = 0;
  std::uint64_t number = 0;
  std::vector<KeptRange> ranges;  ///< what it wants; if there are none: to know what is kept

  std::string topic() const;
};

/// False if the topic is none, or malformed.
bool readAsk(std::string_view topic, KeptAsk& ask);

/// An ask has ranges until it has this many bytes. Topics cost memory at both ends while they are there.
constexpr std::size_t kAskBytes = 1024;

}  // namespace dividere::detail
