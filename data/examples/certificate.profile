# A certificate of one's own, and a gateway whose certificate comes from the company's CA.
# File names are relative to this file. A key under a passphrase is asked for it.

[profile]
name=Lab

[gateway]
address=vpn.example.com;vpn2.example.com
identity=vpn.example.com
trust=file
ca-file=company-ca.pem

[login]
method=certificate
pkcs12-file=alice.p12
identity=alice@example.com

[network]
# All traffic but that for the printer goes through the tunnel.
routes=all
exclude=192.168.1.20
