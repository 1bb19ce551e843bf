import { render } from 'preact';

import { App } from './app.tsx';
import { Gate } from './login/gate.tsx';
import './style.css';

render(<Gate><App /></Gate>, document.getElementById('app')!);
