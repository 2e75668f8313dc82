# User name and password (EAP-MSCHAPv2), the commonest way in. The password is asked for.
# Put this file into ~/.config/outrider/ or /etc/outrider/ and run: outrider connect password

[profile]
name=Work

[gateway]
address=vpn.example.com

[login]
method=eap-mschapv2
user=alice
