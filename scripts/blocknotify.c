/*
 * Tells the portal that a coin daemon has a new block. Plain C, no dependency.
 *
 * Build:  cc -O2 -Wall -Wextra -o blocknotify scripts/blocknotify.c
 * Use, in the daemon's configuration:
 *         blocknotify=/path/to/blocknotify 127.0.0.1:17117 litecoin %s
 *
 * Exit code 0: the portal took the news. 1: it could not be told, within 5 seconds. 2: wrong arguments.
 */
#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 5000
#define MAX_HOST 255
#define MAX_COIN 64
#define HASH_DIGITS 64

static long long deadline;

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int usage(const char *problem)
{
    fprintf(stderr,
            "blocknotify: %s\n"
            "Usage: blocknotify host:port coin hash\n"
            "       blocknotify=/path/to/blocknotify 127.0.0.1:17117 litecoin %%s\n",
            problem);
    return 2;
}

static int failure(const char *what, const char *why)
{
    fprintf(stderr, "blocknotify: %s: %s\n", what, why);
    return 1;
}

/* Splits "host:port" or "[::1]:port". Returns 0 when both parts are there and sound. */
static int split_address(const char *address, char *host, const char **port)
{
    const char *colon = strrchr(address, ':');
    const char *start = address;
    size_t length;
    char *end;
    long number;

    if (colon == NULL)
        return -1;
    length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && colon[-1] == ']') {
        start++;
        length -= 2;
    }
    if (length == 0 || length > MAX_HOST || !isdigit((unsigned char)colon[1]))
        return -1;
    number = strtol(colon + 1, &end, 10);
    if (*end != '\0' || number < 1 || number > 65535)
        return -1;
    memcpy(host, start, length);
    host[length] = '\0';
    *port = colon + 1;
    return 0;
}

/* Only what needs no escape in JSON. */
static int is_coin(const char *coin)
{
    size_t length = strlen(coin);
    size_t i;

    if (length == 0 || length > MAX_COIN)
        return 0;
    for (i = 0; i < length; i++)
        if (!isalnum((unsigned char)coin[i]) && strchr("-_.+ ", coin[i]) == NULL)
            return 0;
    return 1;
}

static int is_hash(const char *hash)
{
    return strlen(hash) == HASH_DIGITS && strspn(hash, "0123456789abcdefABCDEF") == HASH_DIGITS;
}

/* Waits for `events` until the deadline. Returns 0 when they came. */
static int wait_for(int fd, short events)
{
    struct pollfd watched = {.fd = fd, .events = events, .revents = 0};

    for (;;) {
        long long left = deadline - now_ms();
        int ready = left > 0 ? poll(&watched, 1, (int)left) : 0;

        if (ready > 0)
            return 0;
        if (ready == 0) {
            errno = ETIMEDOUT;
            return -1;
        }
        if (errno != EINTR)
            return -1;
    }
}

/* A connected socket that does not block, or -1 with errno. */
static int connect_to(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    int problem = 0;
    socklen_t size = sizeof problem;

    if (fd < 0)
        return -1;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
        if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
            return fd;
        if (errno == EINPROGRESS && wait_for(fd, POLLOUT) == 0 &&
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0) {
            if (problem == 0)
                return fd;
            errno = problem;
        }
    }
    problem = errno;
    close(fd);
    errno = problem;
    return -1;
}

static int send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent;

        if (wait_for(fd, POLLOUT) != 0)
            return -1;
        sent = send(fd, bytes, length, 0);
        if (sent < 0) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            return -1;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

/* Reads the first line of the answer, or its beginning. Returns its length, or -1 with errno. */
static ssize_t read_line(int fd, char *line, size_t size)
{
    size_t length = 0;

    while (length + 1 < size) {
        ssize_t got;

        if (wait_for(fd, POLLIN) != 0)
            return -1;
        got = recv(fd, line + length, size - 1 - length, 0);
        if (got < 0) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            return -1;
        }
        length += (size_t)got;
        if (got == 0 || memchr(line + length - got, '\n', (size_t)got) != NULL)
            break;
    }
    line[length] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    return (ssize_t)strlen(line);
}

static int tell(int fd, const char *where, const char *message)
{
    char answer[512];

    if (send_all(fd, message, strlen(message)) != 0)
        return failure(where, strerror(errno));
    switch (read_line(fd, answer, sizeof answer)) {
    case -1:
        return failure(where, strerror(errno));
    case 0:
        return failure(where, "the portal gave no answer");
    default:
        return strncasecmp(answer, "error", 5) == 0 ? failure(where, answer) : 0;
    }
}

int main(int argc, char **argv)
{
    char host[MAX_HOST + 1];
    char message[MAX_COIN + HASH_DIGITS + 64];
    const char *port;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    const struct addrinfo *address;
    int fd = -1;
    int result;

    if (argc != 4)
        return usage("three arguments are needed");
    if (split_address(argv[1], host, &port) != 0)
        return usage("the first argument must be host:port");
    if (!is_coin(argv[2]))
        return usage("the second argument must be the name of a coin");
    if (!is_hash(argv[3]))
        return usage("the third argument must be a block hash of 64 hex digits");

    /* A portal that closes early must show up as an error, not end this program by a signal. */
    signal(SIGPIPE, SIG_IGN);
    deadline = now_ms() + TIMEOUT_MS;
    result = getaddrinfo(host, port, &hints, &addresses);
    if (result != 0)
        return failure(argv[1], gai_strerror(result));
    for (address = addresses; address != NULL && fd < 0; address = address->ai_next)
        fd = connect_to(address);
    freeaddrinfo(addresses);
    if (fd < 0)
        return failure(argv[1], strerror(errno));

    snprintf(message, sizeof message, "{\"command\":\"blocknotify\",\"params\":[\"%s\",\"%s\"]}\n",
             argv[2], argv[3]);
    result = tell(fd, argv[1], message);
    close(fd);
    return result;
}
