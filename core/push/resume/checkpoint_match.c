/*
 * Compares the head of the checkpoint with the push, property by property. The texts are clauses
 * that complete a message of resume.c.
 */
#include "push/resume/checkpoint_match.h"

#include <string.h>

#include "catalog/keys.h"
#include "catalog/platform.h"
#include "catalog/temp_objects.h"

/* Returns true if `name`, which names a push, is the image key, with a platform or without. */
static bool names_image(const char *name, const char *image_key)
{
    size_t tail = strlen(".tar.gz"), stem = strlen(image_key) - tail, length = strlen(name);
    char platform[PLATFORM_KEY_SIZE];
    struct platform ignored;

    if (strcmp(name, image_key) == 0)
        return true;
    if (length <= stem + 1 + tail || length - stem - 1 - tail >= sizeof platform ||
        strncmp(name, image_key, stem) != 0 || name[stem] != '-' ||
        strcmp(name + length - tail, image_key + stem) != 0)
        return false;
    memcpy(platform, name + stem + 1, length - stem - 1 - tail);
    platform[length - stem - 1 - tail] = '\0';
    return platform_parse_key(platform, &ignored);
}

/* Returns true if the object is the archive of the image, or one of its objects with a number. */
static bool is_of_image(const struct checkpoint_head *head)
{
    struct image_name name;
    char month[CLOCK_MONTH_SIZE], unique[KEY_UNIQUE_SIZE], image_key[KEY_MAX];
    enum data_kind kind;

    if (checkpoint_has_md5(head))
        return true;
    if (!key_parse_data(head->key, &name, month, unique, &kind))
        return false;
    key_image(image_key, &name, month, KEY_ARCHIVE);
    return names_image(head->image_key, image_key);
}

const char *checkpoint_mismatch(const struct checkpoint *checkpoint,
                                const struct checkpoint_wanted *wanted)
{
    const struct checkpoint_head *head = &checkpoint->head;
    bool copies = head->kind == CHECKPOINT_COPIES;
    char writer[CODEC_WRITER_SIZE];

    codec_writer(&wanted->choice, writer);
    if (checkpoint->version == CHECKPOINT_OLD)
        return "an older s3dock wrote its checkpoint";
    if (head->content[0] && wanted->content[0] && strcmp(head->content, wanted->content) != 0)
        return "the image has changed since";
    if (strcmp(head->writer, writer) != 0)
        return "its compression is another one";
    if ((head->kind == CHECKPOINT_THIN) != wanted->thin ||
        checkpoint_has_md5(head) == wanted->own_key)
        return "its form is another one";
    if (head->base_count && !wanted->delta)
        return "it uses chunks of other images";
    if (head->part_size != (copies ? wanted->least : wanted->part_size))
        return "its parts have other sizes";
    if (!is_of_image(head) || (copies && !temp_objects_is_folder(head->folder)))
        return "its checkpoint is damaged";
    return NULL;
}
