// import dividere; in place of #include <dividere.hpp>. Experimental: modules differ from compiler to compiler.
//
// Compile this as a module interface with dividere.hpp in the include path. Link dividere::dividere, or a source of
// yours that defines DIVIDERE_IMPLEMENTATION. A module brings no macros: include dividere.hpp for
// DIVIDERE_VERSION_MAJOR and the like. clang 14 makes the module, but cannot use it beside includes of the standard
// library.
//
// SPDX-License-Identifier: MIT
module;

#include <dividere.hpp>

export module dividere;

export namespace dividere {
using dividere::Call;
using dividere::CallOptions;
using dividere::currentTrace;
using dividere::describe;
using dividere::DescribeOptions;
using dividere::Description;
using dividere::Errc;
using dividere::Error;
using dividere::errorCategory;
using dividere::Failure;
using dividere::HandlerTime;
using dividere::HandshakeFaults;
using dividere::Interrupt;
using dividere::Keys;
using dividere::kVersion;
using dividere::LogHandler;
using dividere::LogLevel;
using dividere::make_error_code;
using dividere::openMetrics;
using dividere::Outcome;
using dividere::Peer;
using dividere::secure;
using dividere::setLogHandler;
using dividere::setSpanHandler;
using dividere::Span;
using dividere::Stream;
using dividere::Statistics;
using dividere::statistics;
using dividere::Timeout;
using dividere::TraceContext;
using dividere::TraceScope;
using dividere::waitForSignal;
}  // namespace dividere

export namespace dividere::connection {
using dividere::connection::Attach;
using dividere::connection::Connector;
using dividere::connection::Context;
using dividere::connection::Dealer;
using dividere::connection::EventType;
using dividere::connection::keepLargeBlocks;
using dividere::connection::name;
using dividere::connection::PortManager;
using dividere::connection::Proxy;
using dividere::connection::Publisher;
using dividere::connection::Request;
using dividere::connection::Response;
using dividere::connection::Route;
using dividere::connection::Routed;
using dividere::connection::SocketEvent;
using dividere::connection::SocketOptions;
using dividere::connection::Subscriber;
}  // namespace dividere::connection

export namespace dividere::messaging {
using dividere::messaging::allowTypes;
using dividere::messaging::Consumer;
using dividere::messaging::Dealer;
using dividere::messaging::Interest;
using dividere::messaging::Missed;
using dividere::messaging::PeerInfo;
using dividere::messaging::ProtoBuffDecoder;
using dividere::messaging::ProtoBuffEncoder;
using dividere::messaging::Publisher;
using dividere::messaging::PublisherOptions;
using dividere::messaging::Receiving;
using dividere::messaging::Request;
using dividere::messaging::Response;
using dividere::messaging::Socket;
using dividere::messaging::Subscriber;
using dividere::messaging::SubscriberOptions;
using dividere::messaging::Topic;
using dividere::messaging::topic;
using dividere::messaging::types;
}  // namespace dividere::messaging

export namespace dividere::reactor {
using dividere::reactor::Calling;
using dividere::reactor::HandlerSet;
using dividere::reactor::HandlerStats;
using dividere::reactor::Handling;
using dividere::reactor::Later;
using dividere::reactor::MpMsgReactor;
using dividere::reactor::MpOptions;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::ReactorSender;
using dividere::reactor::Sender;
using dividere::reactor::WorkerEnd;
}  // namespace dividere::reactor

export namespace dividere::balancing {
using dividere::balancing::Broker;
using dividere::balancing::BrokerOptions;
using dividere::balancing::BrokerStats;
using dividere::balancing::Client;
using dividere::balancing::RetryPolicy;
using dividere::balancing::Worker;
using dividere::balancing::WorkerOptions;
}  // namespace dividere::balancing

export namespace dividere::registry {
using dividere::registry::Announcement;
using dividere::registry::AnnouncementOptions;
using dividere::registry::Client;
using dividere::registry::ClientOptions;
using dividere::registry::Described;
using dividere::registry::Location;
using dividere::registry::Server;
using dividere::registry::ServerOptions;
using dividere::registry::ServiceAddress;
using dividere::registry::Subscriber;
using dividere::registry::Watch;
}  // namespace dividere::registry

export namespace dividere::service {
using dividere::service::Client;
using dividere::service::ClientOptions;
using dividere::service::Service;
using dividere::service::ServiceOptions;
}  // namespace dividere::service
