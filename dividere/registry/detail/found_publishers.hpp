#pragma once

// Where the publishers of a name are.

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "../../connection/detail/destinations.hpp"
#include "watching.hpp"

namespace dividere::detail {

/// The endpoints of those that are announced under a name, or a pattern, as publishers, or do not say as what: the first
/// ones, and as many as a socket can follow. Of a host's name once that is found.
class FoundPublishers final : public Destinations, public std::enable_shared_from_this<FoundPublishers> {
 public:
  explicit FoundPublishers(std::string who) : who_(std::move(who)) {}

  /// Watched for as long as the result lives. `who` is for the log and for errors; the name must be good. Throws
  /// Error{badEndpoint} for registries that are at no address.
  static std::shared_ptr<Destinations> of(const std::string& who, const std::string& name,
                                          const std::vector<registry::Location>& registries);

 private:
  void tell(const registry::ServiceAddress& address, bool isThere);
  void use(const registry::ServiceAddress& address);
  void dismiss(const std::string& endpoint);
  void hostIsFound(const std::string& endpoint, const std::string& name);

  const std::string who_;
  std::recursive_mutex mutex_;  // an address is found at once

  // Under mutex_.
  std::set<Place> places_;                                   // of all that are there
  std::map<std::string, std::size_t> counts_;                // their endpoints, and how many of them each is
  std::map<std::string, std::shared_ptr<const bool>> used_;  // of these: where the socket is to be connected
  std::map<std::string, registry::ServiceAddress> waiting_;  // of these: the others, with an address of each
};

}  // namespace dividere::detail
