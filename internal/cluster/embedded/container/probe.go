package container

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	utilexec "k8s.io/utils/exec"
)

// ProbeCommand is the first argument of a command that ExecSync answers with a probe over the
// Pods' network, instead of running it. The kubelet's own network probes have no dialer that could
// be replaced; whoever feeds Pods to the kubelet turns them into exec probes with ProbeArgs.
//
// A user who executes it can do nothing with it that a command in the Pod could not do.
const ProbeCommand = "k8slab.io/probe"

// maxProbeBody is how much of an answer a probe reads (pkg/probe/http).
const maxProbeBody = 10 << 10

// kubeletVersion is what probes say in their User-Agent.
const kubeletVersion = "1.36"

// probeRequest is a probe on its way through an exec command. It travels as JSON in base64: the
// kubelet would expand "$(NAME)" in arguments.
type probeRequest struct {
	HTTP  *corev1.HTTPGetAction   `json:"http,omitempty"`
	TCP   *corev1.TCPSocketAction `json:"tcp,omitempty"`
	GRPC  *corev1.GRPCAction      `json:"grpc,omitempty"`
	Hook  bool                    `json:"hook,omitempty"` // a lifecycle hook: any answer is a good one
	Port  int                     `json:"port,omitempty"` // resolved
	Error string                  `json:"error,omitempty"`
}

// ProbeArgs returns the command of the exec probe that stands for an http, tcp or gRPC probe of a
// container, and nil for a probe of another kind. A port that the container does not have makes a
// probe that errors, as in the kubelet.
func ProbeArgs(h *corev1.ProbeHandler, c *corev1.Container) []string {
	switch {
	case h == nil:
		return nil
	case h.HTTPGet != nil:
		return probeRequest{HTTP: h.HTTPGet}.args(h.HTTPGet.Port, c)
	case h.TCPSocket != nil:
		return probeRequest{TCP: h.TCPSocket}.args(h.TCPSocket.Port, c)
	case h.GRPC != nil:
		return probeRequest{GRPC: h.GRPC}.args(intstr.FromInt32(h.GRPC.Port), c)
	}
	return nil
}

// HookArgs is ProbeArgs for a lifecycle hook: it stands for an httpGet hook, and is nil for others.
func HookArgs(h *corev1.LifecycleHandler, c *corev1.Container) []string {
	if h == nil || h.HTTPGet == nil {
		return nil
	}
	return probeRequest{HTTP: h.HTTPGet, Hook: true}.args(h.HTTPGet.Port, c)
}

func (p probeRequest) args(port intstr.IntOrString, c *corev1.Container) []string {
	number, err := resolvePort(port, c)
	if p.Port = number; err != nil {
		p.Error = err.Error()
	}
	data, err := json.Marshal(p)
	if err != nil { // these types always marshal
		data = nil
	}
	return []string{ProbeCommand, base64.RawURLEncoding.EncodeToString(data)}
}

// resolvePort finds a port by number or by name (pkg/probe.ResolveContainerPort, with its texts).
func resolvePort(port intstr.IntOrString, c *corev1.Container) (int, error) {
	number := port.IntValue()
	if port.Type == intstr.String {
		for _, p := range c.Ports {
			if p.Name == port.StrVal {
				number = int(p.ContainerPort)
			}
		}
	}
	if number > 0 && number < 1<<16 {
		return number, nil
	}
	if port.Type == intstr.String && number == 0 {
		_, err := strconv.Atoi(port.StrVal)
		return 0, err
	}
	return 0, fmt.Errorf("invalid port number: %v", number)
}

// parseProbe says whether a command is a probe. One that cannot be read is an ordinary command,
// which nobody has.
func parseProbe(argv []string) (probeRequest, bool) {
	var p probeRequest
	if len(argv) != 2 || argv[0] != ProbeCommand {
		return p, false
	}
	data, err := base64.RawURLEncoding.DecodeString(argv[1])
	if err != nil || json.Unmarshal(data, &p) != nil {
		return p, false
	}
	return p, p.HTTP != nil || p.TCP != nil || p.GRPC != nil
}

// errProbeFailed is the failure of a probe; the text that goes with it is the output.
var errProbeFailed = errors.New("probe failed")

// probe runs a probe as the kubelet would. The text is what the kubelet shows. A failed probe is a
// command that exits with 1; any other error is a probe that could not be made.
func (r *Runtime) probe(ctx context.Context, s *sandbox, p probeRequest, timeout time.Duration) (text string, err error) {
	if p.Error != "" {
		return "", errors.New(p.Error)
	}
	r.mu.Lock()
	network := s.network
	r.mu.Unlock()
	if network == nil {
		return "", notFound("sandbox", s.id)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.life, cancel)()
	prober := prober{podIP: network.IP().String(), timeout: timeout, dial: r.dialFromNode}
	switch {
	case p.TCP != nil:
		text, err = prober.tcp(ctx, p)
	case p.GRPC != nil:
		text, err = prober.grpc(ctx, p)
	default:
		text, err = prober.http(ctx, p)
	}
	if errors.Is(err, errProbeFailed) {
		err = utilexec.CodeExitError{Err: err, Code: 1}
	}
	return text, err
}

// dialFromNode connects as the kubelet does: from the first address of the node's range.
func (r *Runtime) dialFromNode(ctx context.Context, network, address string) (net.Conn, error) {
	return r.options.Network.DialFrom(ctx, r.gateway(), network, address)
}

func (r *Runtime) gateway() netip.Addr { return r.options.PodCIDR.Masked().Addr().Next() }

// prober makes probes of one Pod.
type prober struct {
	podIP   string
	timeout time.Duration // 0 for none
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
}

// limit is a context with the probe's timeout, if it has one.
func (p prober) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.timeout > 0 {
		return context.WithTimeout(ctx, p.timeout)
	}
	return context.WithCancel(ctx)
}

// tcp is a probe that connects (pkg/probe/tcp).
func (p prober) tcp(ctx context.Context, request probeRequest) (string, error) {
	ctx, cancel := p.limit(ctx)
	defer cancel()
	host := cmp.Or(request.TCP.Host, p.podIP)
	conn, err := p.dial(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(request.Port)))
	if err != nil {
		return err.Error(), errProbeFailed
	}
	conn.Close()
	return "", nil
}

// http is a probe that asks a web server (pkg/probe/http).
func (p prober) http(ctx context.Context, request probeRequest) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	httpRequest, err := p.request(ctx, request)
	if err != nil {
		return "", err
	}
	response, err := p.client(ctx).Do(httpRequest)
	if err != nil {
		if request.Hook {
			return "", err
		}
		return err.Error(), errProbeFailed
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxProbeBody))
	switch code := response.StatusCode; {
	case request.Hook:
		return "", nil
	case err != nil:
		return "", errProbeFailed
	case code >= 200 && code < 300:
		return string(body), nil
	case code >= 300 && code < 400:
		return "Probe terminated redirects, Response body: " + string(body), nil
	default:
		return fmt.Sprintf("HTTP probe failed with statuscode: %d", code), errProbeFailed
	}
}

func (p prober) request(ctx context.Context, request probeRequest) (*http.Request, error) {
	get := request.HTTP
	scheme := cmp.Or(strings.ToLower(string(get.Scheme)), "http")
	at, err := url.Parse(get.Path)
	if err != nil { // passed on as it is, as the kubelet does
		at = &url.URL{Path: get.Path}
	}
	at.Scheme, at.Host = scheme, net.JoinHostPort(cmp.Or(get.Host, p.podIP), strconv.Itoa(request.Port))
	httpRequest, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	purpose := "probe"
	if request.Hook {
		purpose = "lifecycle"
	}
	httpRequest.Header = probeHeaders(get.HTTPHeaders, purpose)
	httpRequest.Host = httpRequest.Header.Get("Host")
	return httpRequest, nil
}

func probeHeaders(list []corev1.HTTPHeader, purpose string) http.Header {
	headers := http.Header{}
	for _, h := range list {
		headers.Add(h.Name, h.Value)
	}
	if _, ok := headers["User-Agent"]; !ok {
		headers.Set("User-Agent", "kube-"+purpose+"/"+kubeletVersion)
	}
	if accept, ok := headers["Accept"]; !ok {
		headers.Set("Accept", "*/*")
	} else if accept[0] == "" {
		headers.Del("Accept")
	}
	return headers
}

// client returns the client of one probe. Its dial ends with ctx: the transport would go on with it
// after the request has given up.
func (p prober) client(ctx context.Context) *http.Client {
	return &http.Client{
		Timeout: p.timeout,
		Transport: &http.Transport{
			DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
				return p.dial(ctx, network, address)
			},
			TLSClientConfig:    &tls.Config{InsecureSkipVerify: true}, // as the kubelet: the Pod is asked, not trusted
			DisableKeepAlives:  true,
			DisableCompression: true,
		},
		CheckRedirect: sameHost,
	}
}

// sameHost follows redirects inside the Pod only.
func sameHost(req *http.Request, via []*http.Request) error {
	if req.URL.Hostname() != via[0].URL.Hostname() {
		return http.ErrUseLastResponse
	}
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	return nil
}
