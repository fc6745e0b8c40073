package embedded

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateLife is how long the certificates of a lab are valid. A lab lives
// for hours; a year leaves room for one that is resumed and for wrong clocks.
const certificateLife = 365 * 24 * time.Hour

// authority is a certificate authority that lives as long as one lab. Its key
// never leaves the process.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// keyPair is a certificate and its private key, PEM encoded.
type keyPair struct{ cert, key []byte }

// identity says whom a certificate is for. Clients are known by name and
// groups (RBAC's user and groups), servers by their DNS names and addresses.
type identity struct {
	name   string
	groups []string
	dns    []string
	ips    []net.IP
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := certificateTemplate(pkix.Name{CommonName: name})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage |= x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, key: key, pem: encodePEM("CERTIFICATE", der)}, nil
}

// issue makes a certificate that serves as a client's, and as a server's when
// the identity has a DNS name or an address.
func (a *authority) issue(id identity) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keyPair{}, err
	}
	template, err := certificateTemplate(pkix.Name{CommonName: id.name, Organization: id.groups})
	if err != nil {
		return keyPair{}, err
	}
	template.DNSNames, template.IPAddresses = id.dns, id.ips
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(id.dns)+len(id.ips) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return keyPair{}, err
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{cert: encodePEM("CERTIFICATE", der), key: keyPEM}, nil
}

func certificateTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}, nil
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return encodePEM("EC PRIVATE KEY", der), nil
}

// pki is the certificates of one lab, and where the components that only read
// files find theirs.
type pki struct {
	dir        string
	cluster    *authority // signs servers and clients of the API server
	frontProxy *authority // signs the aggregator's client, as kubeadm has it
}

// newPKI makes the authorities and writes the files that the API server and the
// controller manager read, each with mode 0600.
func newPKI(dir string) (*pki, error) {
	p := &pki{dir: dir}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, a := range []struct {
		to   **authority
		name string
	}{{&p.cluster, "k8slab-ca"}, {&p.frontProxy, "k8slab-front-proxy-ca"}} {
		made, err := newAuthority(a.name)
		if err != nil {
			return nil, fmt.Errorf("make the authority %s: %w", a.name, err)
		}
		*a.to = made
	}
	if err := p.writeAuthorities(); err != nil {
		return nil, err
	}
	return p, p.writeCertificates()
}

func (p *pki) writeAuthorities() error {
	serviceAccount, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key, err := encodeKey(serviceAccount)
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"ca.crt": p.cluster.pem, "front-proxy-ca.crt": p.frontProxy.pem, "sa.key": key,
	}
	for name, content := range files {
		if err := os.WriteFile(p.path(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (p *pki) writeCertificates() error {
	loopback := net.IPv4(127, 0, 0, 1)
	for _, c := range []struct {
		file string
		by   *authority
		id   identity
	}{
		{"apiserver", p.cluster, identity{name: "kube-apiserver", ips: []net.IP{loopback, net.ParseIP(apiServiceIP)},
			dns: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}}},
		{"apiserver-kubelet-client", p.cluster, identity{name: "kube-apiserver-kubelet-client", groups: []string{"system:masters"}}},
		{"front-proxy-client", p.frontProxy, identity{name: frontProxyName}},
	} {
		pair, err := c.by.issue(c.id)
		if err != nil {
			return fmt.Errorf("issue the certificate of %s: %w", c.file, err)
		}
		if err := p.write(c.file, pair); err != nil {
			return err
		}
	}
	return nil
}

func (p *pki) write(name string, pair keyPair) error {
	if err := os.WriteFile(p.path(name+".crt"), pair.cert, 0o600); err != nil {
		return err
	}
	return os.WriteFile(p.path(name+".key"), pair.key, 0o600)
}

func (p *pki) path(name string) string { return filepath.Join(p.dir, name) }
