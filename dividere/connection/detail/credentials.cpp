#include "credentials.hpp"

#include <algorithm>

#include "../../core/error.hpp"
#include "certificate.hpp"
#include "context_handle.hpp"
#include "gatekeeper.hpp"

namespace dividere::detail {

// ZMQ_ZAP_ENFORCE_DOMAIN, which zmq.h hides though libzmq has it: without a ZAP handler nobody is let in, where everybody
// would be.
constexpr int kZapEnforceDomain = 93;

Credentials::~Credentials() {
  if (gatekeeper_ && !socket_.fork().crossed()) gatekeeper_->remove(domain_);
}

void Credentials::setKey(int option, const std::string& key) {
  if (!isKey(key)) throw Error(Errc::malformed, socket_.who() + ": what Keys gives is no key of 40 characters");
  socket_.set(option, key.c_str(), key.size() + 1);
}

void Credentials::makeGate() {
  domain_ = ownZapDomainOf(socket_.contextObject());
  if (!domain_.empty()) return;
  gatekeeper_ = gatekeeperOf(socket_.contextObject());
  gate_ = std::make_shared<Gate>(keys_, socket_.who());
  gate_->onlyFor(group_);
  tellOfChanges(keys_.get(), gate_);
  domain_ = gatekeeper_->add(gate_);
}

void Credentials::prepareBind() {
  Keys::Pair self = keys_->self();
  if (domain_.empty()) makeGate();
  socket_.set(ZMQ_CURVE_SERVER, 1);
  setKey(ZMQ_CURVE_SECRETKEY, self.secretKey);
  socket_.set(ZMQ_ZAP_DOMAIN, domain_.data(), domain_.size());
  const int enforce = 1;
  zmq_setsockopt(socket_.handle(), kZapEnforceDomain, &enforce, sizeof enforce);  // one that has it not has the handler
  wipe(self.secretKey);
}

/// "host:port", or the name of an ipc endpoint's file.
static std::string fileNameOf(const std::string& endpoint) {
  std::string address = endpoint.substr(std::min(endpoint.find("://") + 3, endpoint.size()));
  if (endpoint.compare(0, 6, "ipc://") != 0) return address;
  return address.substr(address.rfind('/') + 1);
}

std::vector<std::string> Credentials::hostKeys(const std::string& endpoint, const std::string& name) const {
  if (!hostKey_.empty()) return {hostKey_};
  if (isKey(name)) return {name};
  std::vector<std::string> names;
  if (!name.empty()) names.push_back(name);
  if (!host_.empty()) names.push_back(host_);
  names.push_back(fileNameOf(endpoint));
  const std::string what = socket_.who() + ": connect " + endpoint + ": ";
  try {
    std::vector<std::string> keys = keys_->hosts(names);
    if (!keys.empty()) return keys;
  } catch (const Error& error) {
    throw Error(error.code(), what + error.context());
  }
  throw Error(Errc::unauthorized, what + "Keys has no public key of this host");
}

std::string Credentials::prepareConnect(const std::string& hostKey) {
  Keys::Pair self = keys_->self();
  setKey(ZMQ_CURVE_SERVERKEY, hostKey);  // from now on it is a client
  setKey(ZMQ_CURVE_PUBLICKEY, self.publicKey);
  setKey(ZMQ_CURVE_SECRETKEY, self.secretKey);
  wipe(self.secretKey);
  return self.publicKey;
}

std::string Credentials::ownKey() const {
  Keys::Pair self = keys_->self();
  wipe(self.secretKey);
  return self.publicKey;
}

// The application's ZAP handler proves a name, and no key: X-Key could be the peer's own word then.
Peer Credentials::peerOf(const Frame& frame) const {
  if (gate_) return frame.peer();
  if (domain_.empty()) return {};
  return {frame.peerName(), {}, frame.peerAddress()};
}

void Credentials::onlyFor(const std::string& group) {
  if (!ownZapDomainOf(socket_.contextObject()).empty()) {
    throw Error(
        std::make_error_code(std::errc::operation_not_permitted),
        socket_.who() + ": onlyFor '" + group + "': the application's own ZAP handler says who comes in (Context)");
  }
  group_ = group;
  if (gate_) gate_->onlyFor(group);
}

}  // namespace dividere::detail
