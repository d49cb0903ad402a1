/* The whole of a floor is linked with this program: core/meson.build. */
int main(void)
{
    return 0;
}
