#pragma once

// A directory of certificates.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../../core/detail/owned_descriptor.hpp"
#include "../keys.hpp"
#include "certificate.hpp"

namespace dividere::detail {

/// Keys from files, read anew once they have changed: the kernel tells of that, so looking costs one read that finds
/// nothing. In a forked child it begins anew, as children share the kernel's news with their parent.
class KeyFolder final : public Keys {
 public:
  /// Throws Error if the secret key is missing or others may read it.
  explicit KeyFolder(std::string directory);
  ~KeyFolder() override;

  Pair self() override;
  std::vector<std::string> hosts(const std::vector<std::string>& names) override;
  std::optional<std::string> nameOf(const std::string& publicKey, const std::string& group) override;

  /// Readable when something may have changed: then look().
  int descriptor();

  /// Reads the directory again if it has changed, and tells of that.
  void look();

 private:
  using NameByKey = std::map<std::string, std::string>;

  /// What the directory holds.
  struct Contents {
    std::map<std::string, std::string> hosts;  // keys by the names of their files
    std::map<std::string, NameByKey> groups;   // "" are those who may connect
  };

  /// Of one process.
  struct State {
    unsigned generation;
    State* inherited;  // of no use in this process; kept only so that it does not count as leaked
    OwnedDescriptor news;
    std::mutex mutex;
    std::shared_ptr<const Contents> contents;  // under mutex
  };

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  State& state();
  std::shared_ptr<const Contents> contents();
  std::shared_ptr<const Contents> load(const State& state, std::vector<std::string>& faults) const;
  static void tell(const std::vector<std::string>& faults);
  void follow(const State& state, const std::string& path) const;
  Pair readSelf() const;

  /// Adds each certificate of a directory, if it is there; one that cannot be used is left out, and among the faults.
  template <class Add>
  static void readDirectory(const std::string& path, std::vector<std::string>& faults, const Add& add);

  const std::string directory_;
  std::atomic<State*> state_{nullptr};
};

}  // namespace dividere::detail
