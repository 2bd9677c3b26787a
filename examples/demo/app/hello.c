#include <stdio.h>

int main(void) {
    puts("hello, built in a sealed step");
    return 0;
}
