// gRPC as its users write it: the synchronous interface, a stream from the server for what is published.

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "feed.grpc.pb.h"
#include "peer.hpp"

namespace bench {

namespace {

class GrpcHost final : public Host, private Feed::Service {
 public:
  GrpcHost() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    require(server_ != nullptr, "gRPC: the server cannot be started");
    where_ = "127.0.0.1:" + std::to_string(port);
  }

  std::string where() const override { return where_; }

  /// In this thread, into the stream of the one who listens.
  void publish(const Sample& sample) override {
    std::unique_lock<std::mutex> lock(mutex_);
    listened_.wait(lock, [this] { return writer_ != nullptr; });
    writer_->Write(sample);
  }

 private:
  grpc::Status Samples(grpc::ServerContext*, const Sample*, grpc::ServerWriter<Sample>* writer) override {
    std::unique_lock<std::mutex> lock(mutex_);
    writer_ = writer;
    listened_.notify_all();
    for (;;) listened_.wait(lock);  // as long as the process lives
  }

  grpc::Status Echo(grpc::ServerContext*, const Sample* request, Sample* reply) override {
    *reply = *request;
    return grpc::Status::OK;
  }

  std::unique_ptr<grpc::Server> server_;
  std::string where_;
  std::mutex mutex_;
  std::condition_variable listened_;
  grpc::ServerWriter<Sample>* writer_ = nullptr;
};

class GrpcLink final : public Link {
 public:
  explicit GrpcLink(const std::string& where) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    stub_ = Feed::NewStub(grpc::CreateCustomChannel(where, grpc::InsecureChannelCredentials(), arguments));
    reader_ = stub_->Samples(&context_, Sample());
  }

  /// The stream is there, or will be: it needs no time-out.
  bool receive(Sample& sample, std::chrono::milliseconds) override {
    require(reader_->Read(&sample), "gRPC: the stream has ended");
    return true;
  }

  void ask(const Sample& request, Sample& reply) override {
    grpc::ClientContext context;
    require(stub_->Echo(&context, request, &reply).ok(), "gRPC: ask");
  }

 private:
  std::unique_ptr<Feed::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Sample>> reader_;
};

}  // namespace

Peer grpcPeer() {
  return {"gRPC", [] { return std::make_unique<GrpcHost>(); },
          [](const std::string& where) { return std::make_unique<GrpcLink>(where); }};
}

}  // namespace bench
