/* A hostile containerd content store. Each line of the input is a blob, named by its SHA-256. "$a"
 * to "$z" in it are the names of the preceding lines. A line that begins with '!' has another
 * content than its name. The last line is the image. */
#include "base/digest_text.h"
#include "stored.h"

#define BLOBS_MAX 16
#define PLACE     "containerd/daemon/io.containerd.content.v1.content/blobs/sha256/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char names[BLOBS_MAX][DIGEST_TEXT_SIZE];
static unsigned count;

static const char *file_of(const char *digest)
{
    static char out[256];

    snprintf(out, sizeof out, PLACE "%s", digest + strlen("sha256:"));
    return out;
}

static void spell_out(struct view line, struct text *out)
{
    for (size_t i = 0; i < line.size; i++) {
        unsigned which = i + 1 < line.size ? (unsigned)line.data[i + 1] - 'a' : BLOBS_MAX;

        if (line.data[i] == '$' && which < count) {
            text_str(out, names[which]);
            i++;
        } else {
            text_char(out, (char)line.data[i]);
        }
    }
}

static void put(struct view line)
{
    bool lies = line.size && line.data[0] == '!';
    struct text text;

    text_init(&text, MIB);
    spell_out(lies ? view_of(line.data + 1, line.size - 1) : line, &text);
    stored_digest(text_view(&text), names[count]);
    if (lies)
        text_char(&text, ' ');
    folder_put(file_of(names[count++]), text_view(&text));
    text_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = view_of(data, size);
    struct docker_engine engine = {.local = true, .containerd_store = true};

    if (!folder[0]) {
        folder_make();
        folder_way(PLACE);
    }
    str_copy(engine.root_dir, sizeof engine.root_dir, folder);
    count = 0;
    do {
        put(stored_part(&input));
    } while (input.size && count < BLOBS_MAX);
    stored_look(&engine, names[count - 1], NULL);
    while (count)
        unlink(folder_path(file_of(names[--count])));
    return 0;
}
