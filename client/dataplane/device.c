/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dataplane/device.h"

#include "dataplane/device-name.h"
#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TUN_PATH "/dev/net/tun"

static OutriderError
code_of (int error_number)
{
    switch (error_number)
    {
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return OUTRIDER_ERROR_NO_TUN;
    case EPERM:
    case EACCES:
        return OUTRIDER_ERROR_NO_RIGHTS;
    }
    return OUTRIDER_ERROR_HOST_REFUSED;
}

static bool
fail (const char *what, const char *name, int error_number, GError **error)
{
    g_set_error (error, OUTRIDER_ERROR, code_of (error_number), "%s %s: %s", what, name,
                 g_strerror (error_number));
    return false;
}

static bool
create (TunDevice *self, const char *name, bool vnet, GError **error)
{
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    if (vnet)
        request.ifr_flags |= IFF_VNET_HDR;
    memcpy (request.ifr_name, name, strlen (name));
    if (ioctl (self->fd, TUNSETIFF, &request) != 0)
        return fail ("cannot make the device", name, errno, error);
    g_strlcpy (self->name, request.ifr_name, sizeof self->name);
    self->index = (int)if_nametoindex (self->name);
    self->vnet = vnet;
    return true;
}

/* The kernel may hand over trains of packets, as far as it knows how to. */
static void
negotiate_offload (TunDevice *self, PumpOffloads offloads)
{
    static const unsigned tries[] = {
        TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6,
        TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
    };
    size_t first = (offloads & PUMP_TUN_USO) != 0 ? 0 : 1;
    for (size_t i = first; i < G_N_ELEMENTS (tries) && !self->tso; i++)
        if (ioctl (self->fd, TUNSETOFFLOAD, (unsigned long)tries[i]) == 0)
        {
            self->tso = true;
            self->uso = (tries[i] & TUN_F_USO4) != 0;
        }
    if (!self->tso)
        (void)ioctl (self->fd, TUNSETOFFLOAD, 0ul);
}

bool
tun_device_open (TunDevice *self, const char *wish, PumpOffloads offloads, GError **error)
{
    TunDevice device = TUN_DEVICE_CLOSED;
    const char *name = wish != NULL ? wish : DEVICE_NAME_DEFAULT;
    if (!device_name_check (name, error))
        return false;
    device.fd = open (TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device.fd < 0)
        return fail ("cannot open", TUN_PATH, errno, error);

    bool vnet = (offloads & PUMP_TUN_OFFLOAD) != 0;
    bool made = vnet && create (&device, name, true, NULL);
    if (!made && !create (&device, name, false, error))
    {
        tun_device_close (&device);
        return false;
    }
    if (device.vnet)
        negotiate_offload (&device, offloads);
    *self = device;
    return true;
}

bool
tun_device_is_possible (GError **error)
{
    unsigned features = 0;
    int fd = open (TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fail ("cannot open", TUN_PATH, errno, error);
    int refusal = ioctl (fd, TUNGETFEATURES, &features) == 0 ? 0 : errno;
    close (fd);
    if (refusal != 0)
        return fail ("cannot ask", TUN_PATH, refusal, error);
    return (features & IFF_TUN) != 0 || fail ("no TUN devices by", TUN_PATH, ENODEV, error);
}

void
tun_device_close (TunDevice *self)
{
    if (self->fd >= 0)
        close (self->fd);
    *self = (TunDevice)TUN_DEVICE_CLOSED;
}

ssize_t
tun_device_read (const TunDevice *self, uint8_t *packet, size_t room, VnetHeader *ret_header)
{
    size_t before = self->vnet ? sizeof *ret_header : 0;
    memset (ret_header, 0, sizeof *ret_header);
    ssize_t size = read (self->fd, packet - before, room + before);
    if (size < 0)
        return -1;
    if ((size_t)size < before)
        return 0;
    memcpy (ret_header, packet - before, before);
    return size - (ssize_t)before;
}

int
tun_device_write (const TunDevice *self, const VnetHeader *header, struct iovec *parts,
                  size_t count)
{
    size_t skipped = self->vnet ? 0 : 1;
    parts[0] = (struct iovec){ (void *)header, sizeof *header };
    while (writev (self->fd, parts + skipped, (int)(count - skipped)) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

int
tun_device_write_packet (const TunDevice *self, const uint8_t *packet, size_t size)
{
    static const VnetHeader plain = { 0 };
    struct iovec parts[2] = { { 0 }, { (void *)packet, size } };
    return tun_device_write (self, &plain, parts, 2);
}
