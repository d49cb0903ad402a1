/*
 * Reads the end of a log. The request is for some lines; a line has no limit there, so only the end
 * of the response is kept, and only a part of a huge response is read.
 */
#include "base/codes.h"
#include "base/err.h"
#include "docker/container.h"
#include "docker/container_request.h"
#include "docker/container_words.h"
#include "docker/log_frames.h"
#include "docker/request.h"

#define LOG_KEPT  (64 * KIB)
#define LOG_READ  (8 * MIB) /* of a response */
#define LOG_PIECE (16 * KIB)

static int read_frames(struct stream *stream, struct log_frames *frames, struct err *err)
{
    uint8_t piece[LOG_PIECE];
    size_t total = 0;
    long got = 1;

    while (got > 0 && total < LOG_READ) {
        got = stream_read(stream, piece, sizeof piece, err);
        if (got <= 0)
            break;
        log_frames_feed(frames, view_of(piece, (size_t)got));
        total += (size_t)got;
    }
    return got < 0 ? ERR_FAIL : 0;
}

static int refuse_log(const struct docker *docker, const char *which, struct stream *stream,
                      int status, struct err *err)
{
    struct container_reply reply;
    int failed = container_read_reply(stream, status, &reply, err);

    if (failed == 0 && container_reply_absent(&reply))
        failed = container_missing(docker, which, err);
    else if (failed == 0)
        failed = container_refuse(&reply, CODE_REFUSED, "reading the log of a container", err);
    container_reply_finish(&reply);
    return failed;
}

static int read_log(const struct docker *docker, const char *which, struct stream *stream,
                    struct log_frames *frames, struct err *err)
{
    int status, failed = stream_status(stream, &status, err);

    if (failed == 0 && status != 200)
        return refuse_log(docker, which, stream, status, err);
    if (failed == 0)
        failed = read_frames(stream, frames, err);
    return failed < 0 ? docker_unanswered(docker, err) : 0;
}

int docker_container_log(struct docker *docker, const char *which, bool tty, unsigned lines,
                         struct text *out, struct err *err)
{
    _cleanup_text_ struct text path = {0};
    struct log_frames frames;
    struct stream *stream;
    int failed;

    if (container_path(which, "", &path, err) < 0)
        return ERR_FAIL;
    text_printf(&path, "/logs?stdout=1&stderr=1&tail=%u", lines);
    stream = docker_request(docker, "GET", path.data, false, docker->endpoint.patience, NULL, err);
    if (!stream)
        return ERR_FAIL;
    log_frames_init(&frames, !tty, LOG_KEPT);
    failed = read_log(docker, which, stream, &frames, err);
    stream_close(stream);
    if (failed == 0)
        log_frames_write(&frames, lines, out);
    log_frames_finish(&frames);
    return failed;
}
