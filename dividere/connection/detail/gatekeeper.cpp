#include "gatekeeper.hpp"

#include <poll.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "../../core/error.hpp"
#include "certificate.hpp"
#include "frame.hpp"
#include "key_folder.hpp"
#include "retry_interrupted.hpp"

namespace dividere::detail {

constexpr const char* kZapEndpoint = "inproc://zeromq.zap.01";
constexpr std::size_t kZapFrames = 7;  // of a request with a CURVE key; one more than for no mechanism

Gatekeeper::Gatekeeper(void* context) {
  void* const socket = retryInterrupted([&] { return zmq_socket(context, ZMQ_REP); });
  if (!socket) throw Error({errno, std::generic_category()}, "dividere::secure: ZAP");
  const int none = 0;
  zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
  const auto bind = [&] { return zmq_bind(socket, kZapEndpoint); };
  if (retryInterrupted(bind) != 0) {
    const std::error_code code(errno, std::generic_category());
    zmq_close(socket);
    throw Error(code, "dividere::secure: the context has another ZAP handler, at " + std::string(kZapEndpoint) +
                          "; if it is yours: Context::useOwnZapHandler()");
  }
  try {
    thread_.start("dividere-gate", [this, socket] { run(socket); });
  } catch (...) {
    zmq_close(socket);
    throw;
  }
}

std::string Gatekeeper::add(const std::shared_ptr<Gate>& gate) {
  static std::atomic<std::uint64_t> count{0};
  std::string domain = "dividere." + std::to_string(++count);
  std::lock_guard<std::mutex> lock(mutex_);
  gates_[domain] = gate;
  thread_.waker().wake();  // its folder is to be watched
  return domain;
}

void Gatekeeper::remove(const std::string& domain) {
  std::lock_guard<std::mutex> lock(mutex_);
  gates_.erase(domain);
  thread_.waker().wake();
}

void Gatekeeper::stop() { thread_.stop(); }

// --- its thread ---

void Gatekeeper::run(void* socket) {
  int descriptor = -1;
  std::size_t size = sizeof descriptor;
  zmq_getsockopt(socket, ZMQ_FD, &descriptor, &size);
  while (!thread_.stopRequested()) {
    const auto watched = folders();
    std::vector<pollfd> waits{{descriptor, POLLIN, 0}, {thread_.waker().fd(), POLLIN, 0}};
    for (const auto& folder : watched) waits.push_back({folder->descriptor(), POLLIN, 0});
    answerAll(socket);
    if (::poll(waits.data(), static_cast<nfds_t>(waits.size()), -1) < 0) continue;
    if (waits[1].revents) thread_.waker().drain();
    watchFolders(watched);
  }
  zmq_close(socket);
}

void Gatekeeper::watchFolders(const std::vector<std::shared_ptr<KeyFolder>>& folders) {
  for (const auto& folder : folders) {
    const CallbackScope scope;
    folder->look();
  }
}

std::vector<std::shared_ptr<KeyFolder>> Gatekeeper::folders() {
  std::vector<std::shared_ptr<KeyFolder>> found;
  std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [domain, weak] : gates_) {
    const auto gate = weak.lock();
    auto folder = gate ? std::dynamic_pointer_cast<KeyFolder>(gate->keys()) : nullptr;
    const auto isSame = [&](const std::shared_ptr<KeyFolder>& other) { return other == folder; };
    if (folder && std::none_of(found.begin(), found.end(), isSame)) found.push_back(std::move(folder));
  }
  return found;
}

void Gatekeeper::answerAll(void* socket) {
  for (;;) {
    std::vector<std::string> request;
    Frame frame;
    do {
      if (retryInterrupted([&] { return zmq_msg_recv(frame.native(), socket, ZMQ_DONTWAIT); }) < 0) return;
      if (request.size() < kZapFrames) request.push_back(frame.str());
    } while (frame.more());
    answer(socket, request);
  }
}

/// A property as ZMTP writes it: a byte and the name, four bytes and the value.
static std::string zmtpProperty(std::string_view name, std::string_view value) {
  std::string property(1, static_cast<char>(name.size()));
  property.append(name).append(3, '\0').append(1, static_cast<char>(value.size())).append(value);
  return property;
}

void Gatekeeper::answer(void* socket, std::vector<std::string>& request) {
  request.resize(kZapFrames);
  std::string key;
  const std::optional<std::string> name = judge(request, key);
  const std::string replies[] = {"1.0",
                                 request[1],
                                 name ? "200" : "400",
                                 name ? "OK" : "unauthorized",
                                 name ? *name : "",
                                 name && !key.empty() ? zmtpProperty("X-Key", key) : ""};
  const std::size_t last = std::size(replies) - 1;
  for (std::size_t i = 0; i <= last; ++i) {
    const auto send = [&] {
      return zmq_send(socket, replies[i].data(), replies[i].size(), ZMQ_DONTWAIT | (i < last ? ZMQ_SNDMORE : 0));
    };
    if (retryInterrupted(send) < 0) return;
  }
}

// version, request id, domain, address, routing id, mechanism, key
std::optional<std::string> Gatekeeper::judge(const std::vector<std::string>& request, std::string& key) {
  const bool isPlain = request[5] == "NULL";
  // Sockets that are not secured, because they shall not be, ask as well.
  if (isPlain) return request[2] == "dividere" ? std::optional<std::string>("") : std::nullopt;
  const auto gate = gateOf(request[2]);
  if (request[0] != "1.0" || request[5] != "CURVE" || !gate) return std::nullopt;
  key = asKeyText(request[6]);
  const CallbackScope scope;
  return key.empty() ? std::nullopt : gate->admit(key, request[3]);
}

std::shared_ptr<Gate> Gatekeeper::gateOf(const std::string& domain) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = gates_.find(domain);
  return found == gates_.end() ? nullptr : found->second.lock();
}

}  // namespace dividere::detail
