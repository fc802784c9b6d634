#include "key_folder.hpp"

#include <dirent.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

constexpr std::string_view kKeyEnding = ".key";
constexpr std::string_view kGroupBeginning = "authorized.";
constexpr const char* kFolderName = "dividere::Keys";

/// The names in a directory, sorted; none if there is no such directory.
static std::vector<std::string> namesIn(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

static bool endsIn(std::string_view text, std::string_view ending) {
  return text.size() > ending.size() && text.substr(text.size() - ending.size()) == ending;
}

KeyFolder::KeyFolder(std::string directory) : directory_(std::move(directory)) {
  requireCurve();
  Pair pair = readSelf();
  wipe(pair.secretKey);
  state();
}

KeyFolder::~KeyFolder() {
  State* state = state_.load(std::memory_order_relaxed);
  while (state) delete std::exchange(state, state->inherited);
}

Keys::Pair KeyFolder::readSelf() const {
  const std::string file = path("self.key_secret");
  if (::access(file.c_str(), F_OK) != 0) {
    throw Error({errno, std::generic_category()},
                std::string(kFolderName) + ": " + file +
                    ": the program's own certificate; this makes it: dividere keygen NAME --dir " + directory_);
  }
  Certificate certificate = readSecretCertificate(file);
  return {std::move(certificate.publicKey), std::move(certificate.secretKey)};
}

Keys::Pair KeyFolder::self() { return readSelf(); }

std::vector<std::string> KeyFolder::hosts(const std::vector<std::string>& names) {
  const auto known = contents();
  for (const std::string& name : names) {
    const auto found = known->hosts.find(name);
    if (found != known->hosts.end()) return {found->second};
  }
  std::vector<std::string> keys;
  for (const auto& [name, key] : known->hosts) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  if (!keys.empty()) return keys;
  const std::string wanted = path("servers/") + (names.empty() ? "NAME" : names.front()) + ".key";
  throw Error(std::make_error_code(std::errc::no_such_file_or_directory),
              wanted +
                  ": the host's public certificate. `dividere keygen NAME` made it on the host, as keys/NAME.key: copy "
                  "it here");
}

std::optional<std::string> KeyFolder::nameOf(const std::string& publicKey, const std::string& group) {
  const auto known = contents();
  const auto names = known->groups.find(group);
  if (names == known->groups.end()) return std::nullopt;
  const auto found = names->second.find(publicKey);
  if (found == names->second.end()) return std::nullopt;
  return found->second;
}

int KeyFolder::descriptor() { return state().news.get(); }

KeyFolder::State& KeyFolder::state() {
  const auto isOfThisProcess = [](const State* state) { return state && state->generation == forkGeneration(); };
  if (State* state = state_.load(std::memory_order_acquire); isOfThisProcess(state)) return *state;
  auto made = std::make_unique<State>();
  made->generation = forkGeneration();
  made->news = OwnedDescriptor(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!made->news) throw Error({errno, std::generic_category()}, std::string(kFolderName) + ": inotify_init1");
  std::vector<std::string> faults;
  made->contents = load(*made, faults);
  tell(faults);
  std::lock_guard<std::mutex> lock(processMutex());
  State* const before = state_.load(std::memory_order_relaxed);
  if (isOfThisProcess(before)) return *before;
  made->inherited = before;
  state_.store(made.get(), std::memory_order_release);
  return *made.release();
}

std::shared_ptr<const KeyFolder::Contents> KeyFolder::contents() {
  look();
  State& now = state();
  std::lock_guard<std::mutex> lock(now.mutex);
  return now.contents;
}

void KeyFolder::look() {
  State& now = state();
  std::vector<std::string> faults;
  {
    std::lock_guard<std::mutex> lock(now.mutex);
    alignas(inotify_event) char events[4096];
    bool isChanged = false;
    while (::read(now.news.get(), events, sizeof events) > 0) isChanged = true;
    if (!isChanged) return;
    now.contents = load(now, faults);
  }
  tell(faults);
  changed();
}

// Not under the lock: whoever takes the log may look, too.
void KeyFolder::tell(const std::vector<std::string>& faults) {
  for (const std::string& fault : faults) log(LogLevel::warning, kFolderName, "left out: " + fault);
}

// Watched before they are read: what changes meanwhile is read again.
std::shared_ptr<const KeyFolder::Contents> KeyFolder::load(const State& state, std::vector<std::string>& faults) const {
  auto fresh = std::make_shared<Contents>();
  follow(state, directory_);
  follow(state, path("servers"));
  readDirectory(path("servers"), faults,
                [&](const std::string& name, std::string key) { fresh->hosts[name] = std::move(key); });
  for (const std::string& name : namesIn(directory_)) {
    const bool isGroup = name.compare(0, kGroupBeginning.size(), kGroupBeginning) == 0;
    if (!isGroup && name != "authorized") continue;
    NameByKey& group = fresh->groups[isGroup ? name.substr(kGroupBeginning.size()) : ""];
    follow(state, path(name));
    readDirectory(path(name), faults,
                  [&](const std::string& owner, std::string key) { group.emplace(std::move(key), owner); });
  }
  return fresh;
}

void KeyFolder::follow(const State& state, const std::string& path) const {
  constexpr std::uint32_t kNews = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  ::inotify_add_watch(state.news.get(), path.c_str(), kNews);  // one that is not there is seen to come by its parent
}

template <class Add>
void KeyFolder::readDirectory(const std::string& path, std::vector<std::string>& faults, const Add& add) {
  for (const std::string& name : namesIn(path)) {
    if (!endsIn(name, kKeyEnding)) continue;
    try {
      Certificate certificate = readCertificate(std::string(path).append("/").append(name));
      wipe(certificate.secretKey);
      add(name.substr(0, name.size() - kKeyEnding.size()), std::move(certificate.publicKey));
    } catch (const Error& error) {
      faults.emplace_back(error.what());
    }
  }
}

}  // namespace dividere::detail
