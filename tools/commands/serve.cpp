// dividere serve: what is there for Prometheus (/metrics), for programs (/status) and for people (/), over HTTP.
//
// SPDX-License-Identifier: MIT

#include <google/protobuf/util/json_util.h>

#include <iostream>
#include <mutex>
#include <thread>

// Last: it defines macros.
#include <httplib.h>

#include "../command.hpp"
#include "../http_gate.hpp"
#include "../open_metrics.hpp"
#include "../printer.hpp"
#include "../ready.hpp"
#include "../remote_call.hpp"
#include "../request_by_hand.hpp"
#include "../survey.hpp"
#include "../thing.hpp"
#include "output.pb.h"
#include "page.hpp"

namespace tool {

namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 20;  // of a request's body
constexpr std::chrono::milliseconds kDescribed{900};      // what does not describe itself is seen all the same
constexpr std::chrono::milliseconds kFresh{500};          // any number of viewers cost one look in this time
constexpr std::size_t kThreads = 8;

struct ServeOptions {
  std::string host = "127.0.0.1";
  int port = 9464;
};

/// The last look, made anew when somebody asks and it is old.
class Sight {
 public:
  explicit Sight(const Common& common) : survey_(common) {}

  struct Look {
    std::vector<Seen> all;
    std::string problem;
  };

  Look get() {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (looked_ && now - *looked_ < kFresh) return last_;
    try {
      last_ = {survey_.look("*", kDescribed), ""};
    } catch (const dividere::Error& error) {
      last_ = {{}, error.what()};
    }
    looked_ = std::chrono::steady_clock::now();
    return last_;
  }

 private:
  std::mutex mutex_;
  Survey survey_;
  Look last_;
  std::optional<std::chrono::steady_clock::time_point> looked_;
};

std::string statusOf(const Sight::Look& look) {
  dividere::tool::Status status;
  for (const auto& seen : look.all) *status.add_things() = thingOf(seen);
  for (auto& edge : edgesOf(look.all)) *status.add_edges() = std::move(edge);
  status.set_problem(look.problem);
  return asJson(status);
}

class Pages {
 public:
  Pages(const Common& common, const ServeOptions& options) : common_(common), options_(options), sight_(common) {
    server_.set_payload_max_length(kMostBytes);
    server_.set_keep_alive_max_count(1);  // a connection that waits for its next request would keep a thread
    server_.set_read_timeout(5);
    server_.set_write_timeout(5);
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return admit(request, response) ? httplib::Server::HandlerResponse::Unhandled
                                      : httplib::Server::HandlerResponse::Handled;
    });
    addPages();
  }

  int run() {
    if (options_.port == 0) {
      port_ = server_.bind_to_any_port(options_.host.c_str());
    } else {
      port_ = server_.bind_to_port(options_.host.c_str(), options_.port) ? options_.port : -1;
    }
    if (port_ < 0) throw std::runtime_error("cannot listen on " + options_.host + ":" + std::to_string(options_.port));
    std::thread ender([this] {
      waitForEnd();
      server_.stop();
    });
    std::cout << "http://" << options_.host << ":" << port_ << "/\n" << std::flush;
    tellReady();
    server_.listen_after_bind();
    const bool wasEnded = ended().isRaised();
    ended().raise();
    ender.join();
    return wasEnded ? kOk : kFailed;
  }

 private:
  bool admit(const httplib::Request& request, httplib::Response& response) {
    response.set_header("Content-Security-Policy",
                        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
                        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'");
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Cross-Origin-Resource-Policy", "same-origin");
    response.set_header("Cache-Control", "no-store");
    const auto host = request.get_header_value("Host");
    const bool isPacked = request.has_header("Content-Encoding");  // a body that grows when it is unpacked
    if (!isPacked && isOwnHost(host, options_.host) && isOwnOrigin(request.get_header_value("Origin"), host))
      return true;
    response.status = 403;
    response.set_content("this is for pages of this server\n", "text/plain");
    return false;
  }

  void addPages() {
    const auto fixed = [this](const char* path, const char* text, const char* type) {
      server_.Get(path,
                  [=](const httplib::Request&, httplib::Response& response) { response.set_content(text, type); });
    };
    fixed("/", kPage, "text/html; charset=utf-8");
    fixed("/page.js", kPageScript, "text/javascript; charset=utf-8");
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      const auto look = sight_.get();
      if (!look.problem.empty()) response.status = 503;
      response.set_content(openMetricsOf(look.all), "text/plain; version=0.0.4; charset=utf-8");
    });
    server_.Get("/status", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(statusOf(sight_.get()), "application/json");
    });
    server_.Post("/call", [this](const httplib::Request& request, httplib::Response& response) {
      // A form of another page cannot send this type without asking first, and it is not let in then.
      if (request.get_header_value("Content-Type") != "application/json") {
        response.status = 415;
        return;
      }
      response.set_content(call(request.body, response), "text/plain; charset=utf-8");
    });
  }

  std::string call(const std::string& body, httplib::Response& response) {
    try {
      dividere::tool::CallRequest asked;
      if (!google::protobuf::util::JsonStringToMessage(body, &asked).ok()) throw UsageError("that is no call");
      return reply(asked);
    } catch (const UsageError& error) {
      response.status = 400;
      return error.what();
    } catch (const std::exception& error) {
      response.status = 502;
      return error.what();
    }
  }

  std::string reply(const dividere::tool::CallRequest& asked) {
    const auto look = sight_.get();
    for (const auto& seen : look.all) {
      if (seen.address.name != asked.service() || !seen.description) continue;
      Types types;
      const auto request = requestByHand(types, seen.description, asked.method(), "", asked.json());
      RemoteCall remote(seen.endpoint, seen.address.key);
      remote.send(*request.message, request.method, common_.timeout());
      std::string text;
      const auto until = std::chrono::steady_clock::now() + common_.timeout();
      const auto add = [&](const Envelope& part) { text += shown(types, part) + "\n"; };
      const auto last = remote.reply(until, [&](const Envelope& part) {
        if (text.size() < kMostBytes) add(part);
      });
      if (last) add(*last);
      return text;
    }
    throw UsageError("there is no service " + asked.service());
  }

  static std::string shown(Types& types, const Envelope& message) {
    const auto decoded = types.decode(message);
    return decoded ? toJson(*decoded, true) : message.type + " (" + std::to_string(message.payload.size()) + " bytes)";
  }

  const Common& common_;
  const ServeOptions& options_;
  Sight sight_;
  httplib::Server server_;
  int port_ = 0;
};

}  // namespace

void addServe(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<ServeOptions>();
  auto* command =
      addCommand(app, "serve", "shows what is there over HTTP: a page, /status as JSON, /metrics for Prometheus",
                 action, [&common, options] { return Pages(common, *options).run(); });
  command->add_option("--host", options->host, "the address to listen on: others can see, and call, whatever this can")
      ->capture_default_str();
  command->add_option("--port", options->port, "0: a free one")->capture_default_str()->check(CLI::Range(0, 65535));
}

}  // namespace tool
