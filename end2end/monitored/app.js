// A small application as users have them: a few routes, some failures.
import express from 'express';
import { monitoring } from './monitoring.js';

export function application(options) {
  const app = express();
  app.use(monitoring(options));
  app.get('/orders', (req, res) => res.json({ status: 'active' }));
  app.get('/orders/:id', (req, res) => {
    if (Number(req.params.id) > 100) return res.status(404).json({ error: 'no such order' });
    return res.json({ id: req.params.id });
  });
  app.post('/orders', (req, res) => res.status(201).json({ id: 7 }));
  app.get('/broken', () => {
    throw new Error('this route is broken');
  });
  // Without this, Express prints the stack of the failure above.
  app.use((error, req, res, next) => res.status(500).json({ error: error.message }));
  return app;
}
