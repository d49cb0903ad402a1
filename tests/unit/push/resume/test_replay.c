/*
 * Replay of an earlier push: existing parts are skipped, joins only if nothing needs them, and the
 * first difference is detected.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "push/resume/remote_state.h"
#include "push/resume/replay.h"

static struct err err;
static struct replay *replay;
static uint32_t sent_size;

static struct region bytes_of(uint64_t size)
{
    return (struct region){.object = CHECKPOINT_BYTES, .size = size};
}

static struct region range(unsigned object, uint64_t offset, uint64_t size)
{
    return (struct region){.object = object, .offset = offset, .size = size};
}

static struct checkpoint_step part_of(unsigned number, struct region region, uint32_t chunks)
{
    return (struct checkpoint_step){
        .number = number, .side[0] = region, .size = region.size, .chunks = chunks};
}

static struct checkpoint_step join_of(unsigned number, struct region left, struct region right,
                                      uint32_t chunks)
{
    return (struct checkpoint_step){.join = true,
                                    .number = number,
                                    .side = {left, right},
                                    .size = left.size + right.size,
                                    .chunks = chunks};
}

/*
 * 1000 bytes | 1000 of the base, and 50: join 0 | 30 of the base after that: join 1, and its rest.
 * The checkpoint does not record the use of the last 80 bytes of join 1.
 */
static struct checkpoint_step steps[6];

static void describe(void)
{
    steps[0] = part_of(1, bytes_of(1000), 2);
    steps[1] = join_of(0, range(0, 0, 1000), bytes_of(50), 4);
    steps[2] = part_of(2, range(PART_PLANNER_TEMP, 0, 500), 0);
    steps[3] = join_of(1, range(PART_PLANNER_TEMP, 500, 550), range(0, 2000, 30), 1);
    steps[4] = part_of(3, range(PART_PLANNER_TEMP + 1, 0, 500), 0);
    steps[5] = part_of(4, bytes_of(70), 1);
}

static void begin(unsigned count)
{
    static const uint32_t sizes[][3] = {
        {600, 400}, {CHECKPOINT_HELD | 2, 20, 30}, {0}, {CHECKPOINT_HELD | 1}, {0}, {70}};
    static const unsigned told[] = {2, 3, 0, 1, 0, 1};
    struct checkpoint_head head = {
        .kind = CHECKPOINT_COPIES,
        .codec = CODEC_GZIP,
        .image_key = "k",
        .part_size = 500,
        .base_count = 1,
        .key = "k",
        .upload = "u",
        .bases[0] = {.key = "b", .etag = "e", .size = 5000, .codec = CODEC_GZIP}};
    struct checkpoint *then;
    struct text text;

    describe();
    text_init(&text, MIB);
    checkpoint_put_head(&text, &head);
    for (unsigned i = 0; i < count; i++) {
        char etag[16];

        snprintf(etag, sizeof etag, "%c%u", steps[i].join ? 'j' : 'p', steps[i].number);
        checkpoint_put_step(&text, &steps[i], sizes[i], told[i]);
        if (steps[i].join)
            checkpoint_put_join_etag(&text, steps[i].number, etag);
        else
            checkpoint_put_part_etag(&text, steps[i].number, etag);
    }
    assert_int_equal(checkpoint_parse(text_view(&text), &then, &err), 0);
    assert_int_equal(then->good, text.size);
    text_finish(&text);
    replay = replay_create(then, &err);
    assert_non_null(replay);
}

static void has(bool join, unsigned number, uint64_t size)
{
    struct store_info info = {.size = size};

    snprintf(info.etag, sizeof info.etag, "%c%u", join ? 'j' : 'p', number);
    if (join)
        replay_has_join(replay, number, &info);
    else
        replay_has_part(replay, number, &info);
}

static void assert_answers(const char *answers)
{
    static const char names[] = "+aknd"; /* new, again, kept, needless, differs */

    assert_int_equal(replay_settle(replay, &err), 0);
    for (unsigned i = 0; answers[i]; i++) {
        const struct checkpoint_step *then;
        char got = names[replay_step(replay, &steps[i], &then)];

        if (got != answers[i])
            fail_msg("step %u: %c, not %c", i, got, answers[i]);
    }
    replay_destroy(replay);
}

static void existing_parts_are_skipped(void **state)
{
    (void)state;
    begin(5); /* the store has nothing; step 5 was not recorded */
    assert_answers("aaaaa+");

    begin(5); /* parts 1 to 3: the rest of join 1 is needed, and so are its sources */
    has(false, 1, 1000);
    has(false, 2, 500);
    has(false, 3, 500);
    assert_int_equal(replay_count(replay), 3);
    assert_answers("kakak+");

    begin(5); /* join 1 and part 2 exist, so join 0 is not needed */
    has(true, 1, 580);
    has(false, 2, 500);
    assert_answers("ankka");

    begin(5); /* join 1, but not part 2 */
    has(true, 1, 580);
    assert_answers("aaaka");

    begin(4); /* with another size than recorded, and with another ETag */
    has(false, 1, 999);
    has(false, 7, 1000);
    has(true, 9, 580);
    assert_int_equal(replay_count(replay), 0);
    assert_answers("aaaa+");
}

static struct push_chunk chunk_of(uint32_t raw, uint32_t held)
{
    return (struct push_chunk){.chunk.raw_size = raw, .held.size = held};
}

static void chunks_of_existing_parts_are_not_packed(void **state)
{
    struct push_chunk chunks[] = {chunk_of(900, 0),   chunk_of(900, 0), chunk_of(900, 700),
                                  chunk_of(900, 300), chunk_of(90, 0),  chunk_of(90, 0),
                                  chunk_of(90, 30),   chunk_of(90, 0)};
    static const bool sent[] = {true, true, false, false, true, true, false, false};
    static const bool sent_without_join[] = {true, true};

    (void)state;
    for (unsigned with = 0; with < 2; with++) {
        begin(5);
        has(false, 1, 1000);
        if (with)
            has(true, 0, 1050);
        assert_int_equal(replay_settle(replay, &err), 0);
        for (unsigned i = 0; i < ARRAY_SIZE(chunks); i++) {
            struct push_chunk chunk = chunks[i];

            assert_true(replay_next_chunk(replay, &chunk, &sent_size));
            if (i < 2 || with)
                assert_int_equal(sent_size > 0, with ? sent[i] : sent_without_join[i]);
            else
                assert_false(sent_size > 0);
        }
        replay_destroy(replay);
    }
}

static void differences_are_detected(void **state)
{
    struct push_chunk small = chunk_of(100, 0), held = chunk_of(900, 5), unread = chunk_of(900, 0);
    const struct checkpoint_step *then;
    struct checkpoint_step other;

    (void)state;
    begin(5);
    assert_int_equal(replay_settle(replay, &err), 0);
    assert_false(
        replay_next_chunk(replay, &small, &sent_size)); /* it cannot have become 600 bytes */
    unread.fate = CHUNK_UNREAD;
    assert_false(replay_next_chunk(replay, &unread, &sent_size));
    assert_true(replay_next_chunk(replay, &held, &sent_size)); /* it was uploaded */
    assert_true(replay_next_chunk(replay, &held, &sent_size));
    held.held.size = 0;
    assert_false(replay_next_chunk(replay, &held, &sent_size)); /* then the store copied it */
    replay_destroy(replay);
    for (unsigned i = 0; i < 5; i++) {
        begin(1);
        assert_int_equal(replay_settle(replay, &err), 0);
        other = steps[0];
        other.chunks += i == 0;
        other.sum[3] = i == 1;
        other.side[0].size += i == 2;
        other.side[0].object -= i == 3;
        other.has_md5 = i == 4;
        assert_int_equal(replay_step(replay, &other, &then), REPLAY_DIFFERS);
        replay_destroy(replay);
    }
}

/* The ETag that S3 gives to an object of these parts. */
static void the_etag_of_a_complete_object(void **state)
{
    static const char *const etags[] = {"\"5d41402abc4b2a76b9719d911017c592\"",
                                        "\"7d793037a0760186574b0282f2f435e7\""};
    struct checkpoint_head head = {
        .codec = CODEC_GZIP, .image_key = "k", .part_size = 5, .key = "k", .upload = "u"};
    struct checkpoint_step step = part_of(0, bytes_of(5), 0);
    struct checkpoint *then;
    char etag[STORE_ETAG_MAX];
    struct text text;

    (void)state;
    text_init(&text, MIB);
    checkpoint_put_head(&text, &head);
    for (unsigned i = 0; i < 2; i++) {
        checkpoint_put_step(&text, &step, NULL, 0);
        checkpoint_put_part_etag(&text, i + 1, etags[i]);
    }
    assert_int_equal(checkpoint_parse(text_view(&text), &then, &err), 0);
    remote_state_etag(then, etag);
    assert_string_equal(etag, "\"065947336a2f2a95ba8899f3675c3be6-2\"");
    str_copy(then->steps[1].etag, sizeof then->steps[1].etag, "\"12-34\"");
    remote_state_etag(then, etag);
    assert_string_equal(etag, "");
    checkpoint_destroy(then);
    text_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(existing_parts_are_skipped),
        cmocka_unit_test(chunks_of_existing_parts_are_not_packed),
        cmocka_unit_test(differences_are_detected),
        cmocka_unit_test(the_etag_of_a_complete_object),
    };

    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
