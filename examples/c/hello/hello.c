#include <stdio.h>
#include <string.h>

int main(int count, char **words)
{
    char name[64];

    strncpy(name, count > 1 ? words[1] : "nobody", sizeof name - 1);
    name[sizeof name - 1] = 0;
    printf("hello %s\n", name);
    return 0;
}
