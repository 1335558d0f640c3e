// A candidate that is client-go's elector and nothing else, plain or, with a binary version, coordinated, and whose work is
// a journal of its own life, in the form of test/fixtures/probe.cjs. It stops its work as client-go asks for: before the context
// is cancelled when it is told to stop, and otherwise as soon as the context that OnStartedLeading got is done.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

var (
	kubeconfig = flag.String("kubeconfig", "", "")
	namespace  = flag.String("namespace", "", "")
	name       = flag.String("lease-name", "", "")
	identity   = flag.String("identity", "", "")
	journal    = flag.String("journal", "", "file that the lines of the work are appended to")
	duration   = flag.Duration("lease-duration", 15*time.Second, "")
	deadline   = flag.Duration("renew-deadline", 10*time.Second, "")
	retry      = flag.Duration("retry-period", 2*time.Second, "")
	release    = flag.Bool("release-on-cancel", false, "")
	binary     = flag.String("binary-version", "", "makes it a candidate of a coordinated election")
	emulation  = flag.String("emulation-version", "", "the binary version when it is not given")
)

func main() {
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	must(err)
	client := kubernetes.NewForConfigOrDie(config)
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: *namespace, Name: *name},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: *identity},
	}
	file, err := os.OpenFile(*journal, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(err)

	ctx, cancel := context.WithCancel(context.Background())
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	rest := make(chan struct{}) // closed when the work is to end
	var working sync.WaitGroup
	go func() {
		<-told
		close(rest)
		working.Wait()
		cancel()
	}()

	if *binary != "" {
		go register(ctx, client)
	}
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   *duration,
		RenewDeadline:   *deadline,
		RetryPeriod:     *retry,
		ReleaseOnCancel: *release,
		Name:            *name,
		Coordinated:     *binary != "",
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				working.Add(1)
				defer working.Done()
				work(file, leading.Done(), rest)
			},
			OnStoppedLeading: func() {},
			OnNewLeader:      func(leader string) { fmt.Println("leader", leader) },
		},
	})
	working.Wait()
	fmt.Println("ended")
}

// register keeps a LeaseCandidate, as kube-controller-manager does: it is never deleted.
func register(ctx context.Context, client kubernetes.Interface) {
	emulated := *emulation
	if emulated == "" {
		emulated = *binary
	}
	candidate, _, err := leaderelection.NewCandidate(
		client, *namespace, *identity, *name, *binary, emulated, coordinationv1.OldestEmulationVersion)
	must(err)
	candidate.Run(ctx)
}

func work(file *os.File, lost, rest <-chan struct{}) {
	note(file, "start")
	beat := time.NewTicker(5 * time.Millisecond)
	defer note(file, "stop")
	for {
		select {
		case <-lost:
			return
		case <-rest:
			return
		case <-beat.C:
			note(file, "alive")
		}
	}
}

func note(file *os.File, event string) {
	var now unix.Timespec
	must(unix.ClockGettime(unix.CLOCK_MONOTONIC, &now))
	at := float64(now.Nano()/1000) / 1000
	_, err := fmt.Fprintf(file, `{"pid":%d,"event":%q,"at":%.3f,"identity":%q,"token":""}`+"\n", os.Getpid(), event, at, *identity)
	must(err)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
