// A peer that is made of CZMQ alone: its certificates, and its handler of who may come in.
//   czmq_process make <name> <folder>                          writes a pair as zcert does
//   czmq_process host <its certificate> <folder of those who may come>     prints its endpoint, then what it hears
//   czmq_process client <its certificate> <the host's certificate> <endpoint>    prints the reply
#include <czmq.h>

#include <cstdio>
#include <string>

namespace {

void say(const char* text) {
  std::puts(text ? text : "(nothing)");
  std::fflush(stdout);
}

void make(const char* name, const std::string& folder) {
  zcert_t* certificate = zcert_new();
  zcert_set_meta(certificate, "name", "%s", name);
  zcert_save(certificate, (folder + "/self.key").c_str());
  zcert_destroy(&certificate);
  say("made");
}

void host(const char* own, const char* folder) {
  zactor_t* handler = zactor_new(zauth, nullptr);
  zstr_sendx(handler, "CURVE", folder, nullptr);
  zsock_wait(handler);
  zcert_t* certificate = zcert_load(own);
  zsock_t* socket = zsock_new(ZMQ_REP);
  zcert_apply(certificate, socket);
  zsock_set_zap_domain(socket, "global");
  zsock_set_curve_server(socket, 1);
  zsock_bind(socket, "tcp://127.0.0.1:*");
  say(zsock_endpoint(socket));
  while (char* text = zstr_recv(socket)) {
    say(text);
    zstr_send(socket, "reply");
    zstr_free(&text);
  }
}

void client(const char* own, const char* hosts, const char* endpoint) {
  zcert_t* certificate = zcert_load(own);
  zcert_t* host = zcert_load(hosts);
  zsock_t* socket = zsock_new(ZMQ_REQ);
  zcert_apply(certificate, socket);
  zsock_set_curve_serverkey(socket, zcert_public_txt(host));
  zsock_connect(socket, "%s", endpoint);
  zstr_send(socket, "ask");
  say(zstr_recv(socket));
}

}  // namespace

int main(int, char** argv) {
  zsys_handler_set(nullptr);
  const std::string role = argv[1];
  if (role == "make") make(argv[2], argv[3]);
  if (role == "host") host(argv[2], argv[3]);
  if (role == "client") client(argv[2], argv[3], argv[4]);
}
