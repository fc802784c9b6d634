#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "../connection/subscriber.hpp"
#include "socket.hpp"

namespace dividere::messaging {

/// connection::Subscriber for protobuf messages: of the given types, or of all.
///
/// The filter is exact, whatever the names. It matches the name that the publisher writes: the full one for this
/// library and for types without a package; for a packaged type the Python package writes the last part alone.
/// Where a name is asked for that no message type can have, Error{invalid_argument} is thrown.
class Subscriber : public Consumer<connection::Subscriber> {
 public:
  /// `types` are full names, such as types<Msg01, pkg::Msg02>() gives; everything if there are none.
  explicit Subscriber(const std::string& endpoint, const std::vector<std::string>& types = {},
                      const connection::SocketOptions& options = {});
  Subscriber(const std::string& endpoint, std::initializer_list<std::string> types,
             const connection::SocketOptions& options = {});

  /// Adds a type to those given before.
  template <class T>
  void subscribe() {
    subscribe(std::string(T::descriptor()->full_name()));
  }
  void subscribe(const std::string& fullName);

  /// Removes a type; one that is not there changes nothing.
  template <class T>
  void unsubscribe() {
    unsubscribe(std::string(T::descriptor()->full_name()));
  }
  void unsubscribe(const std::string& fullName);

  /// The first bytes of every envelope of this type, and of no other (doc/wire.md): the topic it is subscribed by.
  static std::string topicId(std::string_view fullName);
};

}  // namespace dividere::messaging
