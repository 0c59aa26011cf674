// The suite of the community's OpenTok SDK for Go; there is no official one. tests/sdk/test_go.py runs it.
module vonage-video-emulator/sdk-suite

go 1.21

require github.com/calvertyang/opentok-go-sdk/v2 v2.3.2

require (
	github.com/golang-jwt/jwt/v4 v4.1.0 // indirect
	github.com/google/uuid v1.3.0 // indirect
)
