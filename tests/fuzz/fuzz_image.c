/* Any bytes as a save stream, through all checks of an image. */
#include "judge.h"
#include "repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *window = malloc(size + 1);
    struct judged judged;

    if (size > 0)
        memcpy(window, data, size);
    repair(window, size);
    judged = judge(window, size, NULL);
    free(window);
    image_destroy(judged.image);
    return 0;
}
