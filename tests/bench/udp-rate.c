/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * How many small packets a second get through, counted where they arrive.
 *
 *     udp-rate receive PORT SECONDS          counts from the first datagram on
 *     udp-rate send ADDRESS PORT SECONDS SIZE
 *
 * Prints "packets N seconds S rate R". The receiver ends SECONDS after its first datagram; what a slow tunnel still has
 * in its queue then does not count.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define SIZE_MAX_OCTETS 1472
#define FIRST_WAIT_SECONDS 10

static double
now (void)
{
    struct timespec time;
    clock_gettime (CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct sockaddr_in
address_of (const char *text, const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons ((uint16_t)atoi (port)) };
    if (text != NULL)
        inet_pton (AF_INET, text, &address.sin_addr);
    return address;
}

static void
print_rate (uint64_t packets, double seconds)
{
    printf ("packets %llu seconds %.3f rate %.0f\n", (unsigned long long)packets, seconds,
            seconds > 0 ? (double)packets / seconds : 0.0);
}

static void
prepare (struct mmsghdr *messages, struct iovec *parts, uint8_t *room, size_t size)
{
    memset (messages, 0, BATCH * sizeof *messages);
    for (size_t i = 0; i < BATCH; i++)
    {
        parts[i] = (struct iovec){ room + i * SIZE_MAX_OCTETS, size };
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
}

static int
receive (const char *port, double seconds)
{
    static uint8_t room[BATCH * SIZE_MAX_OCTETS];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_in address = address_of (NULL, port);
    struct timeval step = { .tv_usec = 100000 };
    int buffer = 8 << 20;
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)setsockopt (fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    (void)setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof step);
    if (bind (fd, (struct sockaddr *)&address, sizeof address) != 0)
    {
        perror ("bind");
        return 1;
    }
    puts ("ready");
    fflush (stdout);
    prepare (messages, parts, room, SIZE_MAX_OCTETS);

    uint64_t packets = 0;
    double start = now ();
    double end = start + FIRST_WAIT_SECONDS;
    for (double time = start; time < end; time = now ())
    {
        int got = recvmmsg (fd, messages, BATCH, MSG_WAITFORONE, NULL);
        if (got <= 0)
            continue;
        if (packets == 0)
        {
            start = now ();
            end = start + seconds;
        }
        packets += (uint64_t)got;
    }
    print_rate (packets, now () - start);
    close (fd);
    return 0;
}

static int
send_all (const char *host, const char *port, double seconds, size_t size)
{
    static uint8_t room[BATCH * SIZE_MAX_OCTETS];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_in address = address_of (host, port);
    int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (connect (fd, (struct sockaddr *)&address, sizeof address) != 0)
    {
        perror ("connect");
        return 1;
    }
    prepare (messages, parts, room, size);
    uint64_t packets = 0;
    double start = now ();
    while (now () - start < seconds)
    {
        int sent = sendmmsg (fd, messages, BATCH, 0);
        if (sent > 0)
            packets += (uint64_t)sent;
        else if (errno != ENOBUFS && errno != ECONNREFUSED)
        {
            perror ("sendmmsg");
            return 1;
        }
    }
    print_rate (packets, now () - start);
    close (fd);
    return 0;
}

int
main (int argc, char **argv)
{
    if (argc == 4 && strcmp (argv[1], "receive") == 0)
        return receive (argv[2], atof (argv[3]));
    if (argc == 6 && strcmp (argv[1], "send") == 0 && atoi (argv[5]) <= SIZE_MAX_OCTETS)
        return send_all (argv[2], argv[3], atof (argv[4]), (size_t)atoi (argv[5]));
    fputs ("udp-rate receive PORT SECONDS | send ADDRESS PORT SECONDS SIZE\n", stderr);
    return 2;
}
