// Command hello ends at once, in an image that has nothing else.
package main

func main() { println("hello") }
