"""The well-known application: fixed, public, for tests only, and the same on every machine.

Like the well-known account of other emulators it lets a first call work without configuration. The keys are published
in this repository: never register them with a real service.
"""

APPLICATION_ID = "00000000-0000-4000-8000-000000000001"
NAME = "well-known"
API_KEY = "10000001"
API_SECRET = "well-known-secret-for-tests-only-10000001"
SIGNATURE_SECRET = "well-known-signature-secret-for-tests-only"

PRIVATE_KEY = """\
-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCKjAYRX8Avhc6o
XEh6QuojhXy5JiJw5kJ+7XZ4x5/nFuYRt/VV4+bznZzDTNS2tP2cQJQZOXnvCBik
5YYx3BDdL2VUC6sN4sjz2u7Yv6NxiSVhfBMpzHShM21oCyzPQZ941LBrw8B9W9hp
rhqe0x90uFU2uhMZvN0HyxMB/R6FNj1L3Qq/6JG+0BtYF4QtC0anEabdiRDSya8O
UKVmYQqCyDFS1gAma7IPFfVPc1daDB8J7VWlrAp2oGNm1zHuOLen84pcBtr59Ldn
zWZx2KIMXm6aDtxR8P2ttvCKVWRE6HElv/1khgrYox1yBy+c7uOzYe5Z7sANMX1V
gADjp0D7AgMBAAECggEAO3bi6dUXdy4upztIjlUnCkzyXcM82Ak0NCc2iJthib1d
zPAQWCeDij81N+vDhpHDIivjhLoTGCF49llfEgpaoJyFmJ+TcNfMGUH37sa9326W
QTOQRAnxavjYNeZJ+sC3MhTTjcVMWmGvzpf/6/hAkYfGZ0FRDmRt17j09Q8PaOvf
fKRGWLWWhrmWS/iKdMxKNQqn3UMnskEw9oqxUMEpc4cA+18WAjzFbrgMWy7b5Mml
VoQBNaiGeTxD3qjoSttP3jjTaUB05zbqpEfCcMgYYjqb1GPDUO9GMGZqhsImpH4R
fD4QQGOlDa0qyW/HaKEqwGBD/1DCEMPAvHPb7HwfbQKBgQDCxIoaZ3oqA/TfMPqM
HolQxcC2Hh2ei2ojFVeIQQjfxv2oVMfwOL0YoHba6V1ek/jyN/hdQTkjY/EnzcE/
UwOlyVQ3RewMdq6F/OkhIQDDfMlh3+8dRuhFnr2MmUprnhNFJIJWOZWps7oKPeLQ
+hjJh99rtlTl/ddq6LkApXTirwKBgQC2Gq1mNGaRJ7x6RrtYx6vwb0a2LtbxvYnK
w24SwL7nF7CXpp2XkEeQegslYbX2s6+QAJn3aHEsFrbQJGFDoYEaUdX5swSOwz0A
kyM5vSQuNe1uC4X3w4tPNAhpk/8KaUHide4VDNe2JBEMHhbrb3EZc1let2E/p7zS
xkpNsdSJdQKBgHYtNLKiuLBHqEvIdy2P1bep1a1rBoPNib/x0iO9ejn1jrGVh59N
fgc0Tgmz8VBSromhxlQnIBlGKewB31Ch+SOdzjifd4N0e56W/4l3cfQrgjGd44M7
I/IiSFbIKCy2RHD+nwrcc9/9SlOuizJLncCibcD4Z/kJFa0ruh0XR53HAoGBAIaX
lQ1zMVOboOxnFtT5TxV3yTWhzPAC/LLGWra1iuNWWQjc9qEs3BfmfBJ283yRNfMi
3qlDolHJv/h6ywCnf7oqPhI9w+KYXp/sIB7usq0M4p1xGuUSvAYgGQ+feOMDBNUS
AJPCWDSg15CzNJFyXo9G+AjPVKstmJvYPtbJ1qJ5AoGBAKtgsM4bzGvwNaYAahZT
Y0wcHbJob/5z2Y7sXlN2HiLTpjsNHNO/SH3r45GdwLA0Rzo9j9mKPVivHa9e7sUP
j4lUyE2bHtV9YMWOFGUyLUla7UX2H/3NRWSyFTH+sg4Fqa145j48TMdojWziPPAG
ZLjNuXiSRRSdCw0cOu/PrdzN
-----END PRIVATE KEY-----
"""

PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAiowGEV/AL4XOqFxIekLq
I4V8uSYicOZCfu12eMef5xbmEbf1VePm852cw0zUtrT9nECUGTl57wgYpOWGMdwQ
3S9lVAurDeLI89ru2L+jcYklYXwTKcx0oTNtaAssz0GfeNSwa8PAfVvYaa4antMf
dLhVNroTGbzdB8sTAf0ehTY9S90Kv+iRvtAbWBeELQtGpxGm3YkQ0smvDlClZmEK
gsgxUtYAJmuyDxX1T3NXWgwfCe1VpawKdqBjZtcx7ji3p/OKXAba+fS3Z81mcdii
DF5umg7cUfD9rbbwilVkROhxJb/9ZIYK2KMdcgcvnO7js2HuWe7ADTF9VYAA46dA
+wIDAQAB
-----END PUBLIC KEY-----
"""
