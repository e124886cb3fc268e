// Command hello answers every request on port 8080 with its host's name: the practice platform's workload.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	host, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Addr:              ":8080",
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(answer, "hello from %s\n", host)
		}),
	}
	log.Fatal(server.ListenAndServe())
}
