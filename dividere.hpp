// dividere: ZeroMQ's transports, Protobuf's types and the patterns built on them, in one C++17 header.
//
// Include it wherever it is used. In exactly one source of the program define DIVIDERE_IMPLEMENTATION before an
// include of it (before, after or between others makes no difference), or link the CMake target
// dividere::dividere, which has done so. Link libzmq and libprotobuf. To compile it in parallel, define in four sources
// DIVIDERE_IMPLEMENTATION_PART to be 1, 2, 3 and 4 instead.
//
// This is the readable form: a table of contents over the parts under dividere/. single_include/dividere.hpp is the
// same in one file, made by amalgamate.py.
//
// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The dividere authors

#ifndef DIVIDERE_HPP
#define DIVIDERE_HPP

// core: what every layer needs
#include "dividere/core/error.hpp"
#include "dividere/core/interrupt.hpp"
#include "dividere/core/log.hpp"
#include "dividere/core/protobuf_fwd.hpp"
#include "dividere/core/statistics.hpp"
#include "dividere/core/timeout.hpp"
#include "dividere/core/trace.hpp"
#include "dividere/core/version.hpp"
#include "dividere/core/wait_for_signal.hpp"

// connection: sockets that carry bytes
#include "dividere/connection/connector.hpp"
#include "dividere/connection/context.hpp"
#include "dividere/connection/dealer.hpp"
#include "dividere/connection/keys.hpp"
#include "dividere/connection/port_manager.hpp"
#include "dividere/connection/proxy.hpp"
#include "dividere/connection/publisher.hpp"
#include "dividere/connection/request.hpp"
#include "dividere/connection/response.hpp"
#include "dividere/connection/socket_event.hpp"
#include "dividere/connection/socket_options.hpp"
#include "dividere/connection/subscriber.hpp"

// messaging: sockets that carry protobuf messages
#include "dividere/messaging/dealer.hpp"
#include "dividere/messaging/describe.hpp"
#include "dividere/messaging/envelope.hpp"
#include "dividere/messaging/peer_info.hpp"
#include "dividere/messaging/publisher.hpp"
#include "dividere/messaging/receiving.hpp"
#include "dividere/messaging/request.hpp"
#include "dividere/messaging/response.hpp"
#include "dividere/messaging/socket.hpp"
#include "dividere/messaging/subscriber.hpp"
#include "dividere/messaging/topic.hpp"

// reactor: handlers called with what arrives, and calls under way
#include "dividere/reactor/call.hpp"
#include "dividere/reactor/calling.hpp"
#include "dividere/reactor/handlers.hpp"
#include "dividere/reactor/later.hpp"
#include "dividere/reactor/mp_msg_reactor.hpp"
#include "dividere/reactor/mt_msg_reactor.hpp"
#include "dividere/reactor/reactor_sender.hpp"
#include "dividere/reactor/stream.hpp"

// balancing: work handed to whoever is idle
#include "dividere/balancing/broker.hpp"
#include "dividere/balancing/client.hpp"
#include "dividere/balancing/worker.hpp"

// registry: where the services are
#include "dividere/registry/address.hpp"
#include "dividere/registry/announcement.hpp"
#include "dividere/registry/client.hpp"
#include "dividere/registry/server.hpp"
#include "dividere/registry/subscriber.hpp"
#include "dividere/registry/watch.hpp"

// service: called by name
#include "dividere/service/client.hpp"
#include "dividere/service/service.hpp"

#endif  // DIVIDERE_HPP

#if (defined(DIVIDERE_IMPLEMENTATION) || defined(DIVIDERE_IMPLEMENTATION_PART)) && !defined(DIVIDERE_IMPLEMENTED)
#define DIVIDERE_IMPLEMENTED

#ifndef DIVIDERE_IMPLEMENTATION_PART
#define DIVIDERE_IN_PART(part) 1
#elif DIVIDERE_IMPLEMENTATION_PART < 1 || DIVIDERE_IMPLEMENTATION_PART > 4
#error "DIVIDERE_IMPLEMENTATION_PART is 1, 2, 3 or 4"
#else
#define DIVIDERE_IN_PART(part) (DIVIDERE_IMPLEMENTATION_PART == (part))
#endif

#if DIVIDERE_IN_PART(1)
#include "dividere/core/detail/alarm_clock.cpp"
#include "dividere/core/detail/bell.cpp"
#include "dividere/core/detail/fork.cpp"
#include "dividere/core/detail/futex.cpp"
#include "dividere/core/detail/interrupt_list.cpp"
#include "dividere/core/detail/latch.cpp"
#include "dividere/core/detail/random.cpp"
#include "dividere/core/detail/text.cpp"
#include "dividere/core/detail/thread.cpp"
#include "dividere/core/detail/waker.cpp"
#include "dividere/core/error.cpp"
#include "dividere/core/interrupt.cpp"
#include "dividere/core/log.cpp"
#include "dividere/core/statistics.cpp"
#include "dividere/core/trace.cpp"
#include "dividere/core/wait_for_signal.cpp"
#endif

#if DIVIDERE_IN_PART(1)
#include "dividere/connection/connector.cpp"
#include "dividere/connection/context.cpp"
#include "dividere/connection/dealer.cpp"
#include "dividere/connection/detail/audience.cpp"
#include "dividere/connection/detail/binding.cpp"
#include "dividere/connection/detail/census.cpp"
#include "dividere/connection/detail/certificate.cpp"
#include "dividere/connection/detail/closed_sockets.cpp"
#include "dividere/connection/detail/connection_mark.cpp"
#include "dividere/connection/detail/credentials.cpp"
#include "dividere/connection/detail/destinations.cpp"
#include "dividere/connection/detail/dialer.cpp"
#include "dividere/connection/detail/drainer.cpp"
#include "dividere/connection/detail/endpoint.cpp"
#include "dividere/connection/detail/frame_memory.cpp"
#include "dividere/connection/detail/gate.cpp"
#include "dividere/connection/detail/gatekeeper.cpp"
#include "dividere/connection/detail/handshake.cpp"
#include "dividere/connection/detail/host_names.cpp"
#include "dividere/connection/detail/ipc_guard.cpp"
#include "dividere/connection/detail/key_folder.cpp"
#include "dividere/connection/detail/large_blocks.cpp"
#include "dividere/connection/detail/link.cpp"
#include "dividere/connection/detail/live_connection.cpp"
#include "dividere/connection/detail/monitor_events.cpp"
#include "dividere/connection/detail/multipart.cpp"
#include "dividere/connection/detail/native_socket.cpp"
#include "dividere/connection/detail/newest.cpp"
#include "dividere/connection/detail/outage.cpp"
#include "dividere/connection/detail/process.cpp"
#include "dividere/connection/detail/readiness.cpp"
#include "dividere/connection/detail/relay.cpp"
#include "dividere/connection/detail/router.cpp"
#include "dividere/connection/detail/slots.cpp"
#include "dividere/connection/detail/socket.cpp"
#include "dividere/connection/detail/socket_defaults.cpp"
#include "dividere/connection/detail/socket_messages.cpp"
#include "dividere/connection/detail/socket_tally.cpp"
#include "dividere/connection/detail/transport.cpp"
#include "dividere/connection/detail/watch.cpp"
#include "dividere/connection/detail/watched_frame.cpp"
#include "dividere/connection/detail/watcher.cpp"
#include "dividere/connection/keys.cpp"
#include "dividere/connection/port_manager.cpp"
#include "dividere/connection/proxy.cpp"
#include "dividere/connection/publisher.cpp"
#include "dividere/connection/request.cpp"
#include "dividere/connection/response.cpp"
#include "dividere/connection/socket_event.cpp"
#include "dividere/connection/subscriber.cpp"
#endif

#if DIVIDERE_IN_PART(2)
#include "dividere/messaging/dealer.cpp"
#include "dividere/messaging/describe.cpp"
#include "dividere/messaging/detail/arrivals.cpp"
#include "dividere/messaging/detail/ask_rate.cpp"
#include "dividere/messaging/detail/bundle.cpp"
#include "dividere/messaging/detail/call_fields.cpp"
#include "dividere/messaging/detail/catch_up.cpp"
#include "dividere/messaging/detail/codec.cpp"
#include "dividere/messaging/detail/definitions.cpp"
#include "dividere/messaging/detail/describe_topic.cpp"
#include "dividere/messaging/detail/describing.cpp"
#include "dividere/messaging/detail/description_format.cpp"
#include "dividere/messaging/detail/envelope_format.cpp"
#include "dividere/messaging/detail/error_envelope.cpp"
#include "dividere/messaging/detail/fields.cpp"
#include "dividere/messaging/detail/filter_hints.cpp"
#include "dividere/messaging/detail/framework_messages.cpp"
#include "dividere/messaging/detail/keeping.cpp"
#include "dividere/messaging/detail/kept_messages.cpp"
#include "dividere/messaging/detail/kept_notes.cpp"
#include "dividere/messaging/detail/lateness.cpp"
#include "dividere/messaging/detail/message_types.cpp"
#include "dividere/messaging/detail/missing_fields.cpp"
#include "dividere/messaging/detail/peer_list.cpp"
#include "dividere/messaging/detail/publication.cpp"
#include "dividere/messaging/detail/series.cpp"
#include "dividere/messaging/detail/teller.cpp"
#include "dividere/messaging/detail/type_book.cpp"
#include "dividere/messaging/envelope.cpp"
#include "dividere/messaging/publisher.cpp"
#include "dividere/messaging/request.cpp"
#include "dividere/messaging/response.cpp"
#include "dividere/messaging/socket.cpp"
#include "dividere/messaging/subscriber.cpp"
#endif

#if DIVIDERE_IN_PART(3)
#include "dividere/reactor/call.cpp"
#include "dividere/reactor/detail/call_book.cpp"
#include "dividere/reactor/detail/call_control.cpp"
#include "dividere/reactor/detail/call_desk.cpp"
#include "dividere/reactor/detail/call_dispatch.cpp"
#include "dividere/reactor/detail/call_parts.cpp"
#include "dividere/reactor/detail/call_reply.cpp"
#include "dividere/reactor/detail/call_start.cpp"
#include "dividere/reactor/detail/call_wire.cpp"
#include "dividere/reactor/detail/caller_watch.cpp"
#include "dividere/reactor/detail/ended_connections.cpp"
#include "dividere/reactor/detail/error_sink.cpp"
#include "dividere/reactor/detail/handler_clock.cpp"
#include "dividere/reactor/detail/handler_table.cpp"
#include "dividere/reactor/detail/kept_replies.cpp"
#include "dividere/reactor/detail/late_replies.cpp"
#include "dividere/reactor/detail/loop_timers.cpp"
#include "dividere/reactor/detail/loop_turns.cpp"
#include "dividere/reactor/detail/message_sources.cpp"
#include "dividere/reactor/detail/origin.cpp"
#include "dividere/reactor/detail/outgoing.cpp"
#include "dividere/reactor/detail/pending_call.cpp"
#include "dividere/reactor/detail/reactor_loop.cpp"
#include "dividere/reactor/detail/reactor_loop_hosted.cpp"
#include "dividere/reactor/detail/reactor_loop_work.cpp"
#include "dividere/reactor/detail/remote.cpp"
#include "dividere/reactor/detail/reply_rule.cpp"
#include "dividere/reactor/detail/router_source.cpp"
#include "dividere/reactor/detail/supervisor.cpp"
#include "dividere/reactor/detail/worker_main.cpp"
#include "dividere/reactor/detail/worker_process.cpp"
#include "dividere/reactor/detail/worker_slot.cpp"
#include "dividere/reactor/handlers.cpp"
#include "dividere/reactor/later.cpp"
#include "dividere/reactor/mp_msg_reactor.cpp"
#include "dividere/reactor/mt_msg_reactor.cpp"
#include "dividere/reactor/reactor_sender.cpp"
#endif

#if DIVIDERE_IN_PART(2)
#include "dividere/balancing/broker.cpp"
#include "dividere/balancing/client.cpp"
#include "dividere/balancing/detail/admission.cpp"
#include "dividere/balancing/detail/broker_core.cpp"
#include "dividere/balancing/detail/broker_desk.cpp"
#include "dividere/balancing/detail/broker_line.cpp"
#include "dividere/balancing/detail/broker_options.cpp"
#include "dividere/balancing/detail/broker_tally.cpp"
#include "dividere/balancing/detail/client_words.cpp"
#include "dividere/balancing/detail/dialect.cpp"
#include "dividere/balancing/detail/dispatcher.cpp"
#include "dividere/balancing/detail/outbox.cpp"
#include "dividere/balancing/detail/outcomes.cpp"
#include "dividere/balancing/detail/reply_windows.cpp"
#include "dividere/balancing/detail/request_book.cpp"
#include "dividere/balancing/detail/returns.cpp"
#include "dividere/balancing/detail/streams.cpp"
#include "dividere/balancing/detail/time_limits.cpp"
#include "dividere/balancing/detail/timeout_field.cpp"
#include "dividere/balancing/detail/waiting_line.cpp"
#include "dividere/balancing/detail/worker_care.cpp"
#include "dividere/balancing/detail/worker_core.cpp"
#include "dividere/balancing/detail/worker_offers.cpp"
#include "dividere/balancing/detail/worker_roster.cpp"
#include "dividere/balancing/detail/worker_tasks.cpp"
#include "dividere/balancing/worker.cpp"
#endif

#if DIVIDERE_IN_PART(4)
#include "dividere/registry/announcement.cpp"
#include "dividere/registry/client.cpp"
#include "dividere/registry/detail/announcer.cpp"
#include "dividere/registry/detail/changes.cpp"
#include "dividere/registry/detail/describe_round.cpp"
#include "dividere/registry/detail/directory.cpp"
#include "dividere/registry/detail/entry_rules.cpp"
#include "dividere/registry/detail/found_publishers.cpp"
#include "dividere/registry/detail/lease.cpp"
#include "dividere/registry/detail/listing.cpp"
#include "dividere/registry/detail/lookouts.cpp"
#include "dividere/registry/detail/own_address.cpp"
#include "dividere/registry/detail/parked_lookups.cpp"
#include "dividere/registry/detail/questions.cpp"
#include "dividere/registry/detail/registrar.cpp"
#include "dividere/registry/detail/registry_link.cpp"
#include "dividere/registry/detail/registry_source.cpp"
#include "dividere/registry/detail/sightings.cpp"
#include "dividere/registry/detail/watching.cpp"
#include "dividere/registry/server.cpp"
#include "dividere/registry/subscriber.cpp"
#include "dividere/registry/watch.cpp"
#endif

#if DIVIDERE_IN_PART(4)
#include "dividere/service/client.cpp"
#include "dividere/service/detail/class_name.cpp"
#include "dividere/service/detail/handler_pool.cpp"
#include "dividere/service/detail/implemented.cpp"
#include "dividere/service/detail/instances.cpp"
#include "dividere/service/detail/service_core.cpp"
#include "dividere/service/detail/service_desk.cpp"
#include "dividere/service/detail/service_source.cpp"
#include "dividere/service/service.cpp"
#endif

#endif  // DIVIDERE_IMPLEMENTATION
