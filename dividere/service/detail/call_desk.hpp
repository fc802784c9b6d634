#pragma once

// The calls of a service::Client and the instances that answer them.

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "../../core/detail/latch.hpp"
#include "../../core/detail/waker.hpp"
#include "../../core/error.hpp"
#include "../../reactor/detail/alarm.hpp"
#include "../../registry/detail/registry_link.hpp"
#include "../client.hpp"

namespace dividere::detail {

/// One call, shared by the thread that waits for its end and the thread that brings it.
struct Call {
  /// What is to be said if it ends now, without an answer.
  enum class Verdict { noRegistry, noService, noAnswer };

  explicit Call(Frame&& frame) : request(std::move(frame)) {}

  Latch ended;
  std::atomic<Verdict> verdict{Verdict::noRegistry};

  // Written before it has ended, read after.
  Frame answer;
  std::optional<Errc> failure;

  // In the loop's thread, as a ReactorLoop says.
  Frame request;
  std::string id;
  int sent = 0;
  Deadline::Clock::time_point begun{};
  Deadline::Clock::time_point orphaned = Deadline::Clock::time_point::max();  // when the instance that had it died
};

/// Gives calls to instances, and to others if those die.
class CallDesk final : private Remote::Owner {
 public:
  using Clock = Deadline::Clock;

  CallDesk(std::string service, const service::ClientOptions& options);
  ~CallDesk();

  // Any thread.

  /// Whether the call has ended by the deadline; it is given up otherwise. Throws Error{stopping} after stop().
  bool make(const std::shared_ptr<Call>& call, const Deadline& deadline);
  void stop();
  std::int64_t maxMessageBytes() const { return options_.socket.maxMessageBytes; }

 private:
  struct Instance {
    std::string server;
    std::uint32_t port;
    Remote* remote;           // the loop's
    int descriptor;           // the peer's, for a thread that does not know whether the peer is still there
    bool isListed = true;     // the registry knew of it when it was last asked
    bool isLeaving = false;   // it says that it is stopping
    bool isSilent = false;    // nothing came from it since a call to it was given up
    std::size_t calls = 0;    // under way
    bool isAttended = false;  // by the thread of the call under way, in place of the loop
  };
  struct UnderWay {
    std::shared_ptr<Call> call;
    Instance* instance;
  };
  /// The way for a registry's answer, which may come after the desk's end.
  struct Inbox {
    std::mutex mutex;
    CallDesk* desk;  // under mutex
  };

  void remoteChanged(Remote& remote) override;
  void remoteReplied(Remote& remote, std::string_view id, Frame& reply) override;

  Instance* begin(const std::shared_ptr<Call>& call);
  std::optional<Instance*> beginHere(const std::shared_ptr<Call>& call);
  bool attend(Instance& instance, Call& call, const Waker& waker, const Deadline& deadline);
  void leave(Instance& instance);
  void giveUp(const std::shared_ptr<Call>& call);

  void handOut();
  Instance* choose();
  bool give(const std::shared_ptr<Call>& call, Instance& instance);
  void takeBack(Instance& instance);
  void end(const std::shared_ptr<Call>& call, std::optional<Errc> failure);
  void endAll(Errc failure);

  void lookUp(Clock::time_point earliest);
  void lookUpNow();
  void found(const std::optional<ServiceLookupRep>& reply);
  void list(const ServiceLookupRep& reply);
  Instance& instanceAt(const std::string& server, std::uint32_t port);
  void prune();
  bool hasHope(const Call& call, Clock::time_point now, Clock::time_point& next) const;
  void run();

  // Constant after construction.
  const ForkGuard fork_;
  const std::string service_;
  const service::ClientOptions options_;
  const std::shared_ptr<RegistryLink> link_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();

  // In the loop's thread, as a ReactorLoop says.
  bool isOver_ = false;  // there will be no more calls, and the instances go
  CorrelationIds ids_;
  std::list<Instance> instances_;
  std::list<std::shared_ptr<Call>> waiting_;
  std::map<std::string, UnderWay, std::less<>> underWay_;
  bool isLookingUp_ = false;
  Clock::time_point lookUpAt_ = Clock::time_point::max();  // to be looked up then
  Clock::time_point lookedUp_{};                           // when it was, last

  std::mutex mutex_;
  bool stopped_ = false;  // under mutex_

  ReactorLoop loop_{"service::Client"};
  Alarm alarm_{loop_, [this] { run(); }};
};

}  // namespace dividere::detail
