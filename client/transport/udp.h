/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * One UDP socket to one gateway, connected, for IKE and for ESP in UDP (RFC 3948). While IKE still talks to port 500 its
 * datagrams are bare; on any other port the non-ESP marker (four zero octets) is added here and taken off here. The same
 * local port serves both, so that a gateway that answers to where the first message came from is heard.
 *
 * The main loop reads the socket until a data plane's pump borrows it; from then on the pump reads and hands the IKE
 * datagrams back, from its own thread, by udp_transport_deliver ().
 *
 * ESP probes the path: its datagrams carry DF as far as the kernel knows the path to be wide enough, so that the kernel
 * learns of narrower links (udp_transport_get_mtu), and are fragmented once it knows better. IKE never sets DF: a big
 * certificate chain must pass where ICMP is filtered.
 */

#include "bytes/address.h"

typedef struct UdpTransport UdpTransport;

/*
 * One IKE datagram (without marker), in the main context that was the thread default when the transport was made. An
 * ICMP error arrives as an empty view with ERROR_NUMBER set (ECONNREFUSED, EHOSTUNREACH, ...), else that is 0. EMSGSIZE is
 * no failure: the path became narrower, udp_transport_get_mtu () tells how much. The function may free the transport.
 */
typedef void (*UdpTransportReceive) (ByteView datagram, int error_number, void *data);

/*
 * MARK: SO_MARK so that full-tunnel rules leave the outer packets alone; 0 for none. LOCAL_PORT 0: any.
 * Fails with UNREACHABLE (no route), NO_RIGHTS or HOST_REFUSED.
 */
UdpTransport *udp_transport_new (const IpEndpoint *gateway, uint16_t local_port, uint32_t mark,
                                 UdpTransportReceive receive, void *data, GError **error);
void udp_transport_free (UdpTransport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UdpTransport, udp_transport_free)

/* Turns to another endpoint of the same gateway (port 500 to 4500), of the same family; the local port stays. */
bool udp_transport_set_gateway (UdpTransport *self, const IpEndpoint *gateway, GError **error);

IpEndpoint udp_transport_get_local (const UdpTransport *self);
IpEndpoint udp_transport_get_gateway (const UdpTransport *self);
int udp_transport_get_fd (const UdpTransport *self);

/* The MTU of the route to the gateway, as the kernel knows it now. */
unsigned udp_transport_get_mtu (const UdpTransport *self);

/*
 * Looks the route up again. Who does not send by this socket hears nothing of a path that became narrower: then the receive
 * function hears of it as of any such error, if it is narrower than OUTER_MTU.
 */
void udp_transport_look_at_path (UdpTransport *self, unsigned outer_mtu);

/* False if the kernel refused (the receive function hears of ICMP errors); a lost datagram is sent again by IKE. */
bool udp_transport_send (UdpTransport *self, ByteView datagram);

/* The same with DF whatever the kernel knows of the path: it arrives whole or not at all. */
bool udp_transport_send_whole (UdpTransport *self, ByteView datagram);

/* A NAT keepalive: one octet 0xff. */
void udp_transport_send_keepalive (UdpTransport *self);

/* The pump reads the socket from now on / no longer. Main thread. */
void udp_transport_lend (UdpTransport *self);
void udp_transport_reclaim (UdpTransport *self);

/* Any thread: an IKE datagram (marker taken off) that the pump found. A bounded queue: the newest is dropped when full. */
void udp_transport_deliver (UdpTransport *self, ByteView datagram);

/* Any thread: an error that the pump met in the socket. The receive function hears of it. */
void udp_transport_deliver_error (UdpTransport *self, int error_number);

/*
 * The kernel takes ESP out of the socket from now on (UDP_ENCAP), and NAT keepalives; IKE is what is left. Only for ports
 * with the marker, so not while IKE still talks to 500. HOST_REFUSED: it does not know how, or not in this family.
 */
bool udp_transport_give_esp_to_kernel (UdpTransport *self, GError **error);

/*
 * Any thread: takes the ICMP errors off the socket, so that it stops calling for attention, and delivers each. Poll
 * reports them as POLLERR.
 */
void udp_transport_take_errors (UdpTransport *self);
