# A pre-shared key, as small routers have it. Start it with --psk-file, or type the key when asked.

[gateway]
address=203.0.113.10
identity=203.0.113.10

[login]
method=psk
identity=keyid:branch-7

[proposals]
ike=aes256-sha256-modp2048
esp=aes256-sha256

[network]
routes=192.168.10.0/24
dns=none
