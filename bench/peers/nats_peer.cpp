// NATS: every message goes by its server, which this starts.

#include <arpa/inet.h>
#include <fcntl.h>
#include <nats/nats.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "peer.hpp"

extern char** environ;

namespace bench {

namespace {

void check(natsStatus status, const char* what) {
  require(status == NATS_OK, std::string("NATS: ") + what + ": " + natsStatus_GetText(status));
}

int freePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  require(fd >= 0 && ::bind(fd, any, size) == 0 && ::getsockname(fd, any, &size) == 0, "NATS: no free port");
  ::close(fd);
  return ntohs(address.sin_port);
}

/// Where the server is. It ends with this process, when the pipe to its shell does.
std::string startServer() {
  const std::string port = std::to_string(freePort());
  const std::string command =
      "nats-server -a 127.0.0.1 -p " + port + " > /dev/null 2>&1 & server=$!; cat > /dev/null; kill $server";
  int ends[2];
  require(::pipe2(ends, O_CLOEXEC) == 0, "NATS: pipe");
  std::vector<const char*> argv{"sh", "-c", command.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);  // that one is for what is told
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, "sh", &actions, nullptr, const_cast<char**>(argv.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  require(error == 0, "NATS: the server cannot be started");
  ::close(ends[0]);  // the other end stays open as long as this process lives
  return "nats://127.0.0.1:" + port;
}

/// `atOnce`: what is sent waits for nothing that may follow, as a reply should.
natsConnection* connectTo(const std::string& where, bool atOnce = false) {
  natsOptions* options = nullptr;
  natsConnection* connection = nullptr;
  check(natsOptions_Create(&options), "options");
  check(natsOptions_SetURL(options, where.c_str()), "options");
  check(natsOptions_SetRetryOnFailedConnect(options, true, nullptr, nullptr), "options");  // the server has just begun
  check(natsOptions_SetMaxReconnect(options, 1000), "options");
  check(natsOptions_SetReconnectWait(options, 20), "options");
  check(natsOptions_SetSendAsap(options, atOnce), "options");
  check(natsConnection_Connect(&connection, options), "connect");
  natsOptions_Destroy(options);
  return connection;
}

void publishTo(natsConnection* connection, const char* subject, const Sample& sample, std::string& room) {
  room.clear();
  require(sample.AppendToString(&room), "serialize");
  check(natsConnection_Publish(connection, subject, room.data(), static_cast<int>(room.size())), "publish");
}

void parse(Sample& sample, natsMsg* message) {
  bench::parse(sample, natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  natsMsg_Destroy(message);
}

void echo(natsConnection* connection, natsSubscription*, natsMsg* message, void*) {
  static Sample sample;  // one thread for one subscription
  static std::string room;
  const std::string reply = natsMsg_GetReply(message);
  parse(sample, message);
  publishTo(connection, reply.c_str(), sample, room);
}

class NatsHost final : public Host {
 public:
  NatsHost() : where_(startServer()), connection_(connectTo(where_)) {
    natsConnection* const echoing = connectTo(where_, true);
    natsSubscription* subscription = nullptr;
    check(natsConnection_Subscribe(&subscription, echoing, "echo", echo, nullptr), "subscribe");
    check(natsConnection_FlushTimeout(echoing, 30000), "flush");
  }

  std::string where() const override { return where_; }
  void publish(const Sample& sample) override { publishTo(connection_, "samples", sample, room_); }

 private:
  const std::string where_;
  natsConnection* const connection_;
  std::string room_;
};

class NatsLink final : public Link {
 public:
  explicit NatsLink(const std::string& where) : connection_(connectTo(where)) {
    check(natsConnection_SubscribeSync(&subscription_, connection_, "samples"), "subscribe");
    check(natsSubscription_SetPendingLimits(subscription_, -1, -1), "limits");
    check(natsConnection_FlushTimeout(connection_, 30000), "flush");
  }

  bool receive(Sample& sample, std::chrono::milliseconds timeout) override {
    natsMsg* message = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&message, subscription_, timeout.count());
    if (status == NATS_TIMEOUT) return false;
    check(status, "receive");
    parse(sample, message);
    return true;
  }

  void ask(const Sample& request, Sample& reply) override {
    room_.clear();
    require(request.AppendToString(&room_), "serialize");
    natsMsg* message = nullptr;
    check(natsConnection_Request(&message, connection_, "echo", room_.data(), static_cast<int>(room_.size()), 30000),
          "ask");
    parse(reply, message);
  }

 private:
  natsConnection* const connection_;
  natsSubscription* subscription_ = nullptr;
  std::string room_;
};

}  // namespace

Peer natsPeer() {
  return {"NATS", [] { return std::make_unique<NatsHost>(); },
          [](const std::string& where) { return std::make_unique<NatsLink>(where); }};
}

}  // namespace bench
