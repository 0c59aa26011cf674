// The echo of the vendor's web sample (Bidirectional-Audio-Connector): every message goes back, texts too, as binary.
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => console.log(server.address().port));
server.on('connection', (socket) => socket.on('message', (message) => socket.send(message)));
